"""How long after its acknowledgement an event is found, while as many as the machine takes keep coming."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from indelible.bench.definitions import DEFINITIONS
from indelible.bench.ingest import CONNECTIONS
from indelible.bench.measurement import alone, quantile
from indelible.bench.scale import EVENTS_PER_REQUEST
from indelible.bench.served import EVENTS_TARGET, served_log
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["measure"]

_PACE = 100_000
_POLL_SECONDS = 0.02
_HELD_PACE = 0.98  # of what was asked for: less, and the machine's own limit was measured


class _Watch:
    """Searches for the newest event again and again, and notes when which one was first found."""

    def __init__(self, log: ServedLog) -> None:
        self.newest: list[int] = []
        self.times: list[float] = []
        self._log = log
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-searches")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def found(self, index: int) -> float:
        """When an event at or beyond ``index`` was first found."""
        return self.times[bisect_left(self.newest, index)]

    def _run(self) -> None:
        request = self._log.get(f"{EVENTS_TARGET}?limit=1")
        with self._log.connect() as connection:
            while not self._stop.wait(_POLL_SECONDS):
                events = msgspec.json.decode(connection.exchange(request).body)["events"]
                if events and (not self.newest or events[0]["index"] > self.newest[-1]):
                    self.times.append(perf_counter())
                    self.newest.append(events[0]["index"])


def measure(room: Room) -> Iterator[Result]:
    """Figure ``index_lag``."""
    definition = DEFINITIONS["index_lag"]
    room.say(definition.title)
    requests = room.scale.paced_requests
    with served_log(room.path / "lag") as log, _Watch(log) as watch:
        target = f"{EVENTS_TARGET}?return=minimal"
        pace = _PACE / EVENTS_PER_REQUEST
        done = log.load(connections=CONNECTIONS, requests=requests, events=EVENTS_PER_REQUEST, target=target, pace=pace)
        log.wait_indexed(requests * EVENTS_PER_REQUEST)
        while not watch.newest or watch.newest[-1] + 1 < requests * EVENTS_PER_REQUEST:
            time.sleep(_POLL_SECONDS)
        _check_all_there(log, requests * EVENTS_PER_REQUEST)
    lags = [watch.found((answer.first_index or 0) + EVENTS_PER_REQUEST - 1) - answer.at for answer in done.answers]
    rate = requests * EVENTS_PER_REQUEST / done.seconds
    details = {
        "events a second": round(rate),
        "which was": "the pace asked for" if rate >= _HELD_PACE * _PACE else "the machine's own limit",
        "events": float(requests * EVENTS_PER_REQUEST),
        "median, ms": round(quantile(lags, 0.5) * 1e3, 1),
        "greatest, ms": round(max(lags) * 1e3, 1),
    }
    yield alone(definition, quantile(lags, 0.99) * 1e3, details)


def _check_all_there(log: ServedLog, sent: int) -> None:
    with log.connect() as connection:
        histogram = msgspec.json.decode(connection.exchange(log.get("/v1/logs/main/histogram")).body)
    if histogram["total"] != sent:
        raise InternalError(f"the index counts {histogram['total']} events of {sent}")
