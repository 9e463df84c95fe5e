"""An export of a served log: how fast it is, and what memory the server takes for it."""

from __future__ import annotations

import threading
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import alone
from indelible.bench.search.searched_log import searched_log
from indelible.bench.served import served_directory
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["measure"]

_LOOK_SECONDS = 0.05


class _Peak:
    """The greatest resident size of a server while the block runs."""

    def __init__(self, log: ServedLog) -> None:
        self.bytes = log.resident_bytes()
        self._log = log
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-resident-size")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self.bytes = max(self.bytes, self._log.resident_bytes())


def measure(room: Room, directory: Path) -> Iterator[Result]:
    """Figures ``export`` and ``export_memory``, of a log in ``directory`` that is made for them."""
    events, pairs = room.scale.export_entries, room.scale.pairs
    room.say(f"growing a log of real events to {room.scale.search_milestones[0]:,}")
    with searched_log(directory, room.samples, room.scale.segment_entries) as grown:
        grown.grow(room.scale.search_milestones[0])
        grown.catch_up()
    with served_directory(directory, INDELIBLE_INDEX_SEGMENT_ENTRIES=str(room.scale.segment_entries)) as log:
        room.say(f"{DEFINITIONS['export'].title}: warming up")
        _export(log, events)
        before = log.resident_bytes()
        with _Peak(log) as peak:
            rates = []
            for number in range(pairs):
                room.say(f"{DEFINITIONS['export'].title}: {number + 1} of {pairs}")
                rates.append(_export(log, events))
    yield alone(DEFINITIONS["export"], median(rates), {"events": float(events)})
    details = {"before, MB": round(before / 1e6, 1), "greatest, MB": round(peak.bytes / 1e6, 1)}
    yield alone(DEFINITIONS["export_memory"], (peak.bytes - before) / 1e6, details)


def _export(log: ServedLog, events: int) -> float:
    """Events a second of one export of the first ``events``."""
    request = log.get(f"/v1/logs/main/export?format=ndjson&q=index:%3C{events}")
    lines = 0
    with log.connect() as connection:
        began = perf_counter()
        for piece in connection.stream(request):
            lines += piece.count(b"\n")
        seconds = perf_counter() - began
    if lines != events:
        raise InternalError(f"an export of {events} events had {lines} lines")
    return events / seconds
