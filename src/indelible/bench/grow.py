"""Growth: one embedded log, measured at ever larger sizes, in a process whose memory is its own.

Told what to do by its one argument, JSON; prints one JSON line for each milestone. It can be run again on the same
directory with later milestones, and then goes on where it ended.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from indelible.bench.processes import resident_bytes
from indelible.bench.scale import EVENTS_PER_REQUEST
from indelible.bench.workload import Workload
from indelible.embedded.data_directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.log import Log, Submission

__all__ = ["Feeder", "GrowthPlan", "Milestone", "main"]

_UNDER_WAY = 8
_PRINCIPAL = "benchmark"


class GrowthPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which directory to grow, and at which sizes to measure what."""

    directory: str
    milestones: tuple[int, ...]
    window_requests: int
    duplicate_requests: int
    proofs: int


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured at one size: events a second, seconds, bytes."""

    size: int
    ingest_rate: float
    duplicate_rate: float
    proof_p50: float
    resident: int


class Feeder:
    """Prepares and submits requests, with a bounded number of them under way, as a server's connections do."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._free = threading.Semaphore(_UNDER_WAY)
        self._failed: list[Exception] = []

    def feed(self, bodies: Iterable[bytes]) -> None:
        """Submit the bodies, and return when all are durable."""
        for body in bodies:
            now_ms = time.time_ns() // 1_000_000
            prepared = self._log.preparer.prepare_ndjson(body, principal=_PRINCIPAL, now_ms=now_ms, random=os.urandom)
            self._free.acquire()
            self._log.submit(prepared, self._done)
        for _ in range(_UNDER_WAY):
            self._free.acquire()
        self._free.release(_UNDER_WAY)
        if self._failed:
            raise self._failed[0]

    def _done(self, submission: Submission) -> None:
        try:
            submission.result()
        except Exception as error:  # noqa: BLE001 - handed on to the thread that feeds
            self._failed.append(error)
        self._free.release()


def _requests(workload: Workload, start: int, count: int) -> Iterable[bytes]:
    return (
        workload.ndjson(range(first, first + EVENTS_PER_REQUEST))
        for first in range(start, start + count * EVENTS_PER_REQUEST, EVENTS_PER_REQUEST)
    )


def grow(plan: GrowthPlan, log: Log) -> Iterable[Milestone]:
    """Grow the log and measure at each milestone; event ``n`` becomes entry ``n``."""
    workload, feeder, chance = Workload(), Feeder(log), random.Random(plan.milestones[-1])  # noqa: S311
    size = log.status.journaled
    for milestone in plan.milestones:
        feeder.feed(_requests(workload, size, (milestone - size) // EVENTS_PER_REQUEST))
        log.wait_published(milestone)
        resident = resident_bytes(os.getpid())
        ingest = list(_requests(workload, milestone, plan.window_requests))
        some = [chance.sample(range(milestone), EVENTS_PER_REQUEST) for _ in range(plan.duplicate_requests)]
        duplicates = [workload.ndjson(numbers) for numbers in some]
        proof_p50 = _proof_p50(log, [chance.randrange(milestone) for _ in range(plan.proofs)])
        duplicate_rate = _rate(feeder, duplicates)
        ingest_rate = _rate(feeder, ingest)
        size = milestone + plan.window_requests * EVENTS_PER_REQUEST
        log.wait_published(size)
        yield Milestone(
            size=milestone,
            ingest_rate=ingest_rate,
            duplicate_rate=duplicate_rate,
            proof_p50=proof_p50,
            resident=resident,
        )


def _rate(feeder: Feeder, bodies: list[bytes]) -> float:
    began = perf_counter()
    feeder.feed(bodies)
    return len(bodies) * EVENTS_PER_REQUEST / (perf_counter() - began)


def _proof_p50(log: Log, indices: list[int]) -> float:
    times = []
    for index in indices:
        began = perf_counter()
        log.reader.prove(index)
        times.append(perf_counter() - began)
    return median(times)


def main() -> None:
    """Do what the argument says."""
    plan = msgspec.json.decode(sys.argv[1], type=GrowthPlan)
    with DataDirectory.open(Path(plan.directory)).open_log("main") as log:
        for milestone in grow(plan, log):
            sys.stdout.write(msgspec.json.encode(milestone).decode() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
