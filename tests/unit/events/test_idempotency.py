"""Idempotency: what makes two events under one id the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import FormatError
from indelible.events import Prepared, Preparer, new_stamp, same_content
from tests.unit.events.conftest import ORIGIN, RECEIVED, Door

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
BASE: dict[str, Any] = {"action": "a", "actor": {"type": "user", "id": "ada"}, "id": ID, "metadata": {"n": 1}}
TIME = "2026-01-01T00:00:00.000000Z"


@pytest.fixture
def prepare(door: Door) -> Callable[..., Prepared]:
    return lambda **fields: door.objects(BASE | fields)[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({}, {"outcome": "success"}),
        ({"outcome": "success"}, {}),
        ({"outcome": "denied"}, {"outcome": "denied"}),
        ({"occurred_at": TIME}, {"occurred_at": "2026-01-01T01:00:00+01:00"}),
        ({"occurred_at": RECEIVED}, {}),
        ({}, {"occurred_at": RECEIVED}),
        ({"metadata": {"a": 1, "b": 2}}, {"metadata": {"b": 2, "a": 1}}),
        ({"metadata": {"a": 1.0}}, {"metadata": {"a": 1}}),
        ({"id": ID.upper()}, {}),
    ],
    ids=str,
)
def test_same_event_again_is_the_same_content(
    door: Door, prepare: Callable[..., Prepared], first: dict[str, Any], second: dict[str, Any]
) -> None:
    """What the server set or filled in, the notation of a time or number, and the order of keys are not content."""
    stored = door.entry(prepare(**first))
    assert same_content(stored, prepare(**second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"action": "b"}),
        ({}, {"actor": {"type": "user", "id": "bob"}}),
        ({}, {"metadata": {"n": 2}}),
        ({}, {"metadata": {"n": True}}),
        ({"metadata": {"n": 0}}, {"metadata": {"n": False}}),
        ({}, {"metadata": {"n": 1, "m": None}}),
        ({}, {"outcome": "failure"}),
        ({"outcome": "failure"}, {}),
        ({}, {"occurred_at": TIME}),
        ({"occurred_at": TIME}, {}),
        ({}, {"upstream": {"format": "f", "sha256": "0" * 64, "size": 1}}),
        ({"upstream": {"format": "f", "sha256": "0" * 64, "size": 1}}, {}),
    ],
    ids=str,
)
def test_another_event_is_other_content(
    door: Door, prepare: Callable[..., Prepared], first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Any difference in what the producer said is a conflict."""
    assert not same_content(door.entry(prepare(**first)), prepare(**second))


def test_writer_and_time_of_reception_are_not_content(preparer: Preparer, prepare: Callable[..., Prepared]) -> None:
    """A retry comes later, perhaps through another key, perhaps after a restart with another stamp."""
    restarted = Preparer(origin=ORIGIN, stamp=new_stamp(lambda size: b"\xa5" * size))
    other = Door(restarted, principal="key:rotated")
    stored = preparer.finish(prepare().template, b"2030-01-01T00:00:00.000000Z")
    assert same_content(stored, other.objects(BASE)[0])


def test_two_events_of_one_request_are_compared_by_their_templates(prepare: Callable[..., Prepared]) -> None:
    """Before either has a time of reception."""
    assert same_content(prepare().template, prepare(outcome="success"))
    assert not same_content(prepare().template, prepare(occurred_at=TIME))
    assert not same_content(prepare().template, prepare(metadata={"n": 2}))


def test_imported_event_is_its_foreign_id_and_document(door: Door, prepare: Callable[..., Prepared]) -> None:
    """A later version may map the same document otherwise; it remains the same event."""
    upstream = {"format": "aws.cloudtrail", "id": "e1", "sha256": "a" * 64, "size": 3}
    stored = door.entry(prepare(upstream=upstream, raw={"x": 1}))
    assert same_content(stored, prepare(upstream=upstream, action="mapped.otherwise", occurred_at=TIME))
    assert not same_content(stored, prepare(upstream=upstream | {"sha256": "b" * 64}))
    assert not same_content(stored, prepare(upstream=upstream | {"id": "e2"}))
    assert not same_content(stored, prepare(upstream=upstream | {"format": "k8s.audit"}))


@pytest.mark.parametrize("entry", [b"", b"[]", b"nonsense", b"\xff"])
def test_what_is_not_a_record_cannot_be_compared(prepare: Callable[..., Prepared], entry: bytes) -> None:
    """A damaged entry is an error, neither same nor other."""
    with pytest.raises(FormatError):
        same_content(entry, prepare())
