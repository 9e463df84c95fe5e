"""Events as Python callers give them: notation made into the event of the schema, nothing guessed."""

from __future__ import annotations

import enum
import math
import uuid
from collections import UserDict
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import msgspec
import pytest

from indelible.errors import InvalidEvent, UsageError
from indelible.events.identity import normalise_id
from indelible.sdk.draft import draft_event, draft_mapping, encode_event, new_event_id, parse_entity


def test_parse_entity_splits_at_the_first_colon() -> None:
    """An id may hold colons, as ARNs do."""
    assert parse_entity("role:arn:aws:iam::1:role/x") == {"type": "role", "id": "arn:aws:iam::1:role/x"}


@pytest.mark.parametrize("text", ["ada", "", ":ada", "user:", ":"])
def test_parse_entity_says_what_a_text_must_look_like(text: str) -> None:
    """Without both parts it is an error that shows the form."""
    with pytest.raises(UsageError, match="type:id"):
        parse_entity(text)


def test_draft_event_gives_each_event_an_id() -> None:
    """The id makes sending again harmless; a given one stays."""
    first = draft_event("a.b", "user:ada", [], {})
    second = draft_event("a.b", "user:ada", [], {})
    assert normalise_id(first["id"]) == first["id"] != second["id"]
    given = new_event_id()
    assert draft_event("a.b", "user:ada", [], {"id": given})["id"] == given


def test_draft_event_leaves_out_what_was_not_given() -> None:
    """Absent fields are absent, never null."""
    event = draft_event("a.b", "user:ada", [], {"reason": None, "message": "x"})
    assert set(event) == {"action", "actor", "id", "message"}


def test_draft_event_writes_times_in_utc() -> None:
    """An aware time becomes RFC 3339 in UTC, to the microsecond."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    assert draft_event("a.b", "user:ada", [], {"occurred_at": moment})["occurred_at"] == "2026-01-02T01:04:05.000006Z"


def test_draft_event_refuses_a_time_without_a_zone() -> None:
    """A naive time can mean two moments."""
    with pytest.raises(UsageError, match="zone"):
        draft_event("a.b", "user:ada", [], {"occurred_at": datetime(2026, 1, 2)})  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("targets", ["invoice:9", {"type": "invoice", "id": "9"}])
def test_draft_event_refuses_one_target_that_is_no_list(targets: object) -> None:
    """A text is iterable: without this, each letter would be a target."""
    with pytest.raises(UsageError, match="list"):
        draft_event("a.b", "user:ada", targets, {})  # type: ignore[arg-type]


def test_draft_mapping_names_what_is_missing() -> None:
    """An event needs an action and an actor."""
    with pytest.raises(InvalidEvent, match="actor is missing"):
        draft_mapping({"action": "a.b"})


class _Colour(enum.Enum):
    RED = "red"


def test_encode_event_takes_what_python_has_for_json() -> None:
    """Tuples, mappings, dates, UUIDs and enumerations become what JSON has for them."""
    event = {
        "tuple": ("a",),
        "view": MappingProxyType({"b": UserDict({"c": 1})}),
        "date": datetime(2026, 1, 2, tzinfo=UTC),
        "uuid": uuid.UUID(int=1),
        "colour": _Colour.RED,
    }
    assert msgspec.json.decode(encode_event(event)) == {
        "tuple": ["a"],
        "view": {"b": {"c": 1}},
        "date": "2026-01-02T00:00:00Z",
        "uuid": "00000000-0000-0000-0000-000000000001",
        "colour": "red",
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", 2**60, object(), {1: object()}])
def test_encode_event_refuses_what_json_cannot_hold(value: object) -> None:
    """Nothing is silently turned into null or cut."""
    with pytest.raises(InvalidEvent, match="no JSON form"):
        encode_event({"metadata": {"x": value}})
