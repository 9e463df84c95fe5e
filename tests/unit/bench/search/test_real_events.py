"""The long history that searches are measured on."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import msgspec
import pytest

from indelible.bench.search.production import ProductionPlan, produce
from indelible.bench.search.real_events import ACTORS, COMMON_ACTOR, RealEvents, occurred_us
from indelible.bench.search.shapes import ACTIONS, read_shapes
from indelible.cli.demo.samples import samples_folder
from indelible.events import Preparer, new_stamp
from indelible.events.timestamps import to_microseconds

COUNT = 20_000


@pytest.fixture(scope="module")
def body() -> bytes:
    return RealEvents(samples_folder()).ndjson(0, COUNT)


@pytest.fixture(scope="module")
def events(body: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in body.splitlines()]


def test_read_shapes_cover_the_most_frequent_actions() -> None:
    """260 actions of all three formats, each as frequent as among the samples."""
    shapes = read_shapes(samples_folder())
    by_action = Counter[str]()
    for shape in shapes:
        by_action[shape.action] += round(shape.weight * 1000)
    assert len(by_action) == ACTIONS
    assert {action.partition(".")[0] for action in by_action} == {"aws", "k8s", "github"}
    assert by_action.most_common(1)[0][0] == "aws.kms.Decrypt"


def test_real_events_are_valid_and_of_moderate_size(body: bytes) -> None:
    """Each is accepted as it stands, none has another's id, and records have 500 to 1,000 bytes in the mean."""
    preparer = Preparer(origin="benchmark.invalid/search", stamp=new_stamp(os.urandom))
    lines = body.splitlines(keepends=True)
    prepared = [
        each
        for first in range(0, COUNT, 1_000)
        for each in preparer.prepare_ndjson(
            b"".join(lines[first : first + 1_000]), principal="benchmark", now_ms=2**40, random=os.urandom
        )
    ]
    assert len({each.id for each in prepared}) == COUNT
    assert 500 <= sum(len(each.template) for each in prepared) / COUNT <= 1_000


def test_real_events_are_skewed_as_real_ones_are(events: list[dict[str, Any]]) -> None:
    """One actor in twelve events, most actors seldom; one thing in a hundred is its own; metadata and raw are kept."""
    actors = Counter(event["actor"]["id"].rpartition("/")[2] for event in events)
    assert actors.most_common(1)[0][0] == COMMON_ACTOR
    assert 0.05 < actors[COMMON_ACTOR] / COUNT < 0.12
    assert len(actors) > ACTORS / 20
    with_targets = [event["targets"][0]["id"] for event in events if "targets" in event]
    rare = [target for target in with_targets if "-rare-" in target]
    assert len(set(rare)) == len(rare)
    assert 0.005 < len(rare) / len(with_targets) < 0.02
    assert all(event["raw"] and "request" in event["metadata"] for event in events)


def test_real_events_fill_every_hole(body: bytes) -> None:
    """No shape shows through."""
    assert b"%(" not in body


def test_real_events_come_nearly_in_order(events: list[dict[str, Any]]) -> None:
    """An event occurred by its number, at most two minutes early, and its id says when it came."""
    for number, event in enumerate(events):
        assert 0 <= occurred_us(number) - to_microseconds(event["occurred_at"]) < 120_000_000
    assert [event["id"][:13] for event in events] == sorted(event["id"][:13] for event in events)


def test_produce_makes_the_same_events_elsewhere(body: bytes) -> None:
    """Another process makes them piece by piece as this one would."""
    plan = ProductionPlan(samples=str(samples_folder()), first=128, end=640, size=256)
    assert b"".join(produce(plan)) == b"".join(body.splitlines(keepends=True)[128:640])
