"""Durable ingest over HTTP against the smaller of two ceilings: what the disk takes, and what a bare loop does."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import msgspec

from indelible.bench import ceilings
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import Pair, summarise
from indelible.bench.scale import EVENTS_PER_REQUEST
from indelible.bench.served import EVENTS_TARGET, WITHOUT_INDEX, served_log
from indelible.bench.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["CONNECTIONS", "measure"]

CONNECTIONS = 8
_LENGTH_BYTES = 2
_SERVER_FIELDS = frozenset({"index", "leaf_hash", "published"})


def measure(room: Room) -> Iterator[Result]:
    """Figures ``ingest`` and ``ingest_minimal``."""
    workload = Workload()
    first_numbers = range(0, room.scale.ingest_requests * EVENTS_PER_REQUEST, EVENTS_PER_REQUEST)
    bodies = [workload.ndjson(range(first, first + EVENTS_PER_REQUEST)) for first in first_numbers]
    event_bytes = sum(map(len, bodies)) / len(bodies) / EVENTS_PER_REQUEST
    with served_log(room.path / "ingest", **WITHOUT_INDEX) as log:
        _load(log, max(room.scale.ingest_requests // 10, 1), EVENTS_TARGET)
        record_bytes = _record_bytes(log)
        ceiling = _Ceiling(room, bodies, 2 * (record_bytes + _LENGTH_BYTES))
        for name, target in (("ingest", EVENTS_TARGET), ("ingest_minimal", EVENTS_TARGET + "?return=minimal")):
            pairs = []
            for number in range(room.scale.pairs):
                room.say(f"{DEFINITIONS[name].title}: pair {number + 1} of {room.scale.pairs}")
                log.settle()
                pairs.append(Pair(ceiling.take(), _load(log, room.scale.ingest_requests, target)))
            details = {
                "events a measurement": float(len(bodies) * EVENTS_PER_REQUEST),
                "bytes an event sent": round(event_bytes, 1),
                "bytes a record": round(record_bytes, 1),
                **ceiling.details(),
            }
            yield summarise(DEFINITIONS[name], pairs, details)


class _Ceiling:
    """The smaller of the two ceilings, and a memory of both."""

    def __init__(self, room: Room, bodies: Sequence[bytes], bytes_per_event: float) -> None:
        self._room = room
        self._bodies = bodies
        self._bytes_per_event = bytes_per_event
        self._disk: list[float] = []
        self._loop: list[float] = []

    def take(self) -> float:
        bandwidth = ceilings.durable_bandwidth(self._room.path, self._room.scale.bandwidth_mebibytes)
        self._disk.append(bandwidth / self._bytes_per_event)
        self._loop.append(ceilings.bare_ingest_rate(self._room.path, self._bodies))
        return min(self._disk[-1], self._loop[-1])

    def details(self) -> dict[str, float | str]:
        disk, loop = median(self._disk), median(self._loop)
        return {
            "ceiling (a), disk": round(disk),
            "ceiling (b), loop": round(loop),
            "the smaller": "(a) disk" if disk < loop else "(b) loop",
        }


def _load(log: ServedLog, requests: int, target: str) -> float:
    """Events a second of one load."""
    done = log.load(connections=CONNECTIONS, requests=requests, events=EVENTS_PER_REQUEST, target=target)
    return done.requests * EVENTS_PER_REQUEST / done.seconds


def _record_bytes(log: ServedLog, sample: int = 100) -> float:
    """The mean size of the first records as they are stored."""
    total = 0
    with log.connect() as connection:
        for index in range(sample):
            answer = msgspec.json.decode(connection.exchange(log.get(f"{EVENTS_TARGET}/{index}")).body)
            record = {name: value for name, value in answer.items() if name not in _SERVER_FIELDS}
            total += len(msgspec.json.encode(record))
    return total / sample
