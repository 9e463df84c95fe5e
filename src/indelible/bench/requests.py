"""Single events: many clients at once beside a bare ASGI application, and one client beside the disk's own sync."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench import ceilings
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.load import LoadPlan
from indelible.bench.measurement import Pair, quantile, summarise
from indelible.bench.processes import run_load, serving
from indelible.bench.served import EVENTS_TARGET, served_log
from indelible.bench.workload import Workload
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.bench.load import LoadResult
    from indelible.bench.measurement import Result
    from indelible.bench.processes import ServerProcess
    from indelible.bench.room import Room
    from indelible.bench.served import ServedLog

__all__ = ["CONNECTIONS", "measure_concurrent", "measure_sequential"]

CONNECTIONS = 64
_KEY_LENGTH = 64  # about that of an API key


def measure_concurrent(room: Room) -> Iterator[Result]:
    """Figures ``single`` and ``single_p99``."""
    scale = room.scale
    with served_log(room.path / "single") as log, serving(["-m", "indelible.bench.echo"]) as echo:
        _load_echo(echo, scale.single_requests // 10)
        log.load(connections=CONNECTIONS, requests=scale.single_requests // 10, events=1)
        rates, latencies = [], []
        for number in range(scale.pairs):
            room.say(f"{DEFINITIONS['single'].title}: pair {number + 1} of {scale.pairs}")
            bare = _load_echo(echo, scale.single_requests)
            ours = log.load(connections=CONNECTIONS, requests=scale.single_requests, events=1)
            log.settle()
            rates.append(Pair(bare.requests / bare.seconds, ours.requests / ours.seconds))
            latencies.append(Pair(bare.p99 * 1e3, ours.p99 * 1e3))
    details: dict[str, float | str] = {"requests a measurement": float(scale.single_requests)}
    yield summarise(DEFINITIONS["single"], rates, details)
    yield summarise(DEFINITIONS["single_p99"], latencies, details)


def _load_echo(echo: ServerProcess, requests: int) -> LoadResult:
    """The same load as the log gets, header for header."""
    return run_load(
        LoadPlan(
            host=echo.host,
            port=echo.port,
            target=EVENTS_TARGET,
            authorization="Bearer " + "x" * _KEY_LENGTH,
            connections=CONNECTIONS,
            requests=requests,
            events=1,
            first=0,
        )
    )


def measure_sequential(room: Room) -> Iterator[Result]:
    """Figure ``sequential_p50``."""
    scale, workload = room.scale, Workload()
    numbers = iter(range(1 << 36, 1 << 37))
    syncs, pairs = [], []
    with served_log(room.path / "sequential") as log:
        _median_append(log, workload, numbers, scale.sequential_requests // 4 + 1)
        for number in range(scale.pairs):
            room.say(f"{DEFINITIONS['sequential_p50'].title}: pair {number + 1} of {scale.pairs}")
            syncs.append(median(ceilings.sync_times(room.path, scale.sequential_requests)) * 1e3)
            ours = _median_append(log, workload, numbers, scale.sequential_requests) * 1e3
            pairs.append(Pair(3 * syncs[-1] + 1.0, ours))
    details: dict[str, float | str] = {
        "requests a measurement": float(scale.sequential_requests),
        "one fdatasync, ms": round(median(syncs), 3),
    }
    yield summarise(DEFINITIONS["sequential_p50"], pairs, details)


def _median_append(log: ServedLog, workload: Workload, numbers: Iterator[int], count: int) -> float:
    """The median of ``count`` appends in seconds."""
    requests = [log.post(workload.event(next(numbers)), media_type="application/json") for _ in range(count)]
    times = []
    with log.connect() as connection:
        for request in requests:
            began = perf_counter()
            response = connection.exchange(request)
            times.append(perf_counter() - began)
            if response.status != 201:
                raise InternalError(f"the server refused an event: {response}")
    return quantile(times, 0.5)
