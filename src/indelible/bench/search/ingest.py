"""Ingest over HTTP with the index at work, beside the same without one."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench.definitions import DEFINITIONS
from indelible.bench.ingest import CONNECTIONS
from indelible.bench.measurement import Pair, summarise
from indelible.bench.scale import EVENTS_PER_REQUEST
from indelible.bench.served import EVENTS_TARGET, WITHOUT_INDEX, served_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["measure"]

_MORE_PAIRS = 3
"""Times as many as other figures have: two cores are shared by more threads here, so that pairs differ more."""


def measure(room: Room) -> Iterator[Result]:
    """Figure ``index_ingest``."""
    definition = DEFINITIONS["index_ingest"]
    requests = room.scale.ingest_requests
    pairs: list[Pair] = []
    behind: list[float] = []
    with (
        served_log(room.path / "without-index", **WITHOUT_INDEX) as without,
        served_log(room.path / "with-index") as indexed,
    ):
        sent = 0
        count = _MORE_PAIRS * room.scale.pairs
        for number in range(-1, count):  # the first is to warm up
            room.say(f"{definition.title}: pair {number + 1} of {count}")
            pair = Pair(_load(without, requests), _load(indexed, requests))
            began = perf_counter()
            sent += requests * EVENTS_PER_REQUEST
            indexed.wait_indexed(sent)
            if number >= 0:
                pairs.append(pair)
                behind.append(perf_counter() - began)
            without.rest()
            indexed.rest()
    details = {
        "events a measurement": float(requests * EVENTS_PER_REQUEST),
        "indexed after the last answer, s": round(median(behind), 2),
    }
    yield summarise(definition, pairs, details)


def _load(log: ServedLog, requests: int) -> float:
    """Events a second of one load."""
    done = log.load(connections=CONNECTIONS, requests=requests, events=EVENTS_PER_REQUEST, target=EVENTS_TARGET)
    return done.requests * EVENTS_PER_REQUEST / done.seconds
