"""How long after its acknowledgement an append is covered by a published checkpoint, while others keep coming.

Every append counts, not a chosen few: one thread sends at a steady pace whatever the answers do, on as many connections
as it takes, another asks for the checkpoint and notes when which size was published.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import alone, quantile
from indelible.bench.served import served_log
from indelible.bench.workload import MEDIA_TYPE, Workload
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from indelible.bench.http1 import Connection
    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["measure"]

_REQUESTS_PER_SECOND = 100
_EVENTS = 100
_SENDERS = 8
_POLL_SECONDS = 0.002
_PATIENCE_SECONDS = 30.0
_CHECKPOINT = "/logs/main/checkpoint"


class _Watch:
    """Notes each published size and when it was first seen."""

    def __init__(self, log: ServedLog) -> None:
        self.sizes: list[int] = []
        self.times: list[float] = []
        self._log = log
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-checkpoints")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def seen(self, size: int) -> float | None:
        """When a checkpoint of at least ``size`` was first seen."""
        place = bisect_left(self.sizes, size)
        return self.times[place] if place < len(self.times) else None

    def _run(self) -> None:
        request = self._log.get(_CHECKPOINT)
        with self._log.connect() as connection:
            while not self._stop.wait(_POLL_SECONDS):
                size = int(connection.exchange(request).body.split(b"\n", 2)[1])
                if not self.sizes or size > self.sizes[-1]:
                    self.times.append(perf_counter())
                    self.sizes.append(size)


def measure(room: Room) -> Iterator[Result]:
    """Figures ``published_p50`` and ``published_p99``."""
    room.say(DEFINITIONS["published_p99"].title)
    count = int(room.scale.published_seconds * _REQUESTS_PER_SECOND)
    with served_log(room.path / "published") as log, _Watch(log) as watch:
        answered = _send_steadily(log, count)
        times = [(_wait(watch, size) - at) * 1e3 for size, at in answered]
    for name, fraction in (("published_p50", 0.5), ("published_p99", 0.99)):
        details = {"appends": float(count), "greatest, ms": round(max(times), 1)}
        yield alone(DEFINITIONS[name], quantile(times, fraction), details)


def _send_steadily(log: ServedLog, count: int) -> list[tuple[int, float]]:
    """Send ``count`` appends on time; for each, the size that covers it and when it was answered."""
    workload = Workload()
    bodies = [workload.ndjson(range(first, first + _EVENTS)) for first in range(0, count * _EVENTS, _EVENTS)]
    requests = [log.post(body, media_type=MEDIA_TYPE) for body in bodies]
    local = threading.local()
    began = perf_counter()

    def send(number: int) -> tuple[int, float]:
        if not hasattr(local, "connection"):
            local.connection = log.connect()
        connection: Connection = local.connection
        time.sleep(max(0.0, began + number / _REQUESTS_PER_SECOND - perf_counter()))
        response = connection.exchange(requests[number])
        answered = perf_counter()
        if response.status != 201:
            raise InternalError(f"the server refused an append: {response}")
        return msgspec.json.decode(response.body)["first_index"] + _EVENTS, answered

    with ThreadPoolExecutor(_SENDERS) as senders:
        return list(senders.map(send, range(count)))


def _wait(watch: _Watch, size: int) -> float:
    deadline = perf_counter() + _PATIENCE_SECONDS
    while (seen := watch.seen(size)) is None:
        if perf_counter() > deadline:
            raise InternalError(f"no checkpoint of {size} entries was published")
        time.sleep(_POLL_SECONDS)
    return seen
