"""The events that benchmarks send."""

from __future__ import annotations

import os

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from indelible.bench.workload import Workload, event_id
from indelible.events.identity import pack_ids
from indelible.events.preparation import Preparer, new_stamp

WORKLOAD = Workload()


def test_workload_makes_valid_events_of_about_450_bytes() -> None:
    """Every event is accepted as it stands, keeps its id, and the mean is what the benchmarks claim."""
    body = WORKLOAD.ndjson(range(4096))
    preparer = Preparer(origin="benchmark.invalid/main", stamp=new_stamp(os.urandom))
    prepared = preparer.prepare_ndjson(body, principal="benchmark", now_ms=0, random=os.urandom)
    assert [event_id(number) for number in range(4096)] == [each.id for each in prepared]
    assert 430 <= len(body) / 4096 <= 470


def test_workload_is_the_same_in_every_process() -> None:
    """An event is known by its number, so that it can be sent again from elsewhere."""
    assert Workload().ndjson(range(7, 5000, 333)) == WORKLOAD.ndjson(range(7, 5000, 333))


def test_workload_event_is_a_line_of_ndjson() -> None:
    """A body is its events, each followed by a line feed."""
    assert WORKLOAD.ndjson([3, 5]) == WORKLOAD.event(3) + b"\n" + WORKLOAD.event(5) + b"\n"
    assert msgspec.json.decode(WORKLOAD.event(3))["id"] == event_id(3)


@given(numbers=st.lists(st.integers(min_value=0, max_value=2**40 - 1), unique=True, max_size=50))
def test_event_id_is_a_uuid_of_its_own(numbers: list[int]) -> None:
    """Different numbers have different ids, all of them UUIDs of version 7."""
    ids = [event_id(number) for number in numbers]
    assert len(set(ids)) == len(numbers)
    assert pack_ids(ids) is not None


@given(number=st.integers(min_value=0, max_value=2**40 - 51))
def test_event_id_rises_with_its_number(number: int) -> None:
    """The time in an id is later 50 events on, as with producers whose clocks run."""
    assert event_id(number) < event_id(number + 50)
