"""Memory: what a million ingested events leave behind in the server's resident size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indelible.bench.definitions import DEFINITIONS
from indelible.bench.ingest import CONNECTIONS
from indelible.bench.measurement import alone
from indelible.bench.scale import EVENTS_PER_REQUEST
from indelible.bench.served import WITHOUT_INDEX, served_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["measure"]

_PIECE = 200  # requests that the load generator builds at once
_IDLE_SECONDS = 2.0


def measure(room: Room) -> Iterator[Result]:
    """Figure ``memory_growth``."""
    definition = DEFINITIONS["memory_growth"]
    scale = room.scale
    with served_log(room.path / "memory", **WITHOUT_INDEX) as log:
        room.say(f"{definition.title}: warming up")
        before = _resident_after(log, scale.warm_up_requests)
        room.say(definition.title)
        after = _resident_after(log, scale.memory_requests)
    details = {
        "events": float(scale.memory_requests * EVENTS_PER_REQUEST),
        "before, MB": round(before / 1e6, 1),
        "after, MB": round(after / 1e6, 1),
    }
    yield alone(definition, (after - before) / 1e6, details)


def _resident_after(log: ServedLog, requests: int) -> int:
    """The server's resident size after so many more requests, when it is idle."""
    for done in range(0, requests, _PIECE):
        log.load(connections=CONNECTIONS, requests=min(_PIECE, requests - done), events=EVENTS_PER_REQUEST)
    log.settle()
    time.sleep(_IDLE_SECONDS)
    return log.resident_bytes()
