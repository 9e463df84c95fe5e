"""Growth and memory by size: one embedded log at ten thousand entries, a hundred thousand, a million, ten million."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from indelible.bench.data import create_directory, directory_environment
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.grow import GrowthPlan, Milestone
from indelible.bench.measurement import Result, alone
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from indelible.bench.room import Room

__all__ = ["grow_log", "growth_results", "memory_result"]

_TEN_MILLION = 10_000_000


def grow_log(room: Room, directory: Path, milestones: Sequence[int]) -> list[Milestone]:
    """Grow the log in ``directory``, which is created when it is not there, and measure at each milestone.

    Raises:
        InternalError: the process that grows it failed.
    """
    if not directory.exists():
        create_directory(directory)
    plan = GrowthPlan(
        directory=str(directory),
        milestones=tuple(milestones),
        window_requests=room.scale.window_requests,
        duplicate_requests=room.scale.duplicate_requests,
        proofs=room.scale.proofs,
    )
    measured = []
    room.say(f"growing a log to {milestones[0]:,} entries")
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "indelible.bench.grow", msgspec.json.encode(plan).decode()],
        stdout=subprocess.PIPE,
        text=True,
        env=directory_environment(directory),
    ) as process:
        for line, following in zip(process.stdout or (), [*milestones[1:], None], strict=False):
            measured.append(msgspec.json.decode(line, type=Milestone))
            if following is not None:
                room.say(f"growing it to {following:,} entries")
    if process.returncode or len(measured) < len(milestones):
        raise InternalError("the process that grows a log failed; what it said stands above")
    return measured


def growth_results(milestones: Sequence[Milestone]) -> Iterator[Result]:
    """Figures ``growth_ingest``, ``growth_duplicates``, ``growth_proof`` with the size behind the name."""
    for milestone in milestones:
        yield _by_size("growth_ingest", milestone, milestone.ingest_rate, milestones[0].ingest_rate)
        yield _by_size("growth_duplicates", milestone, milestone.duplicate_rate, milestones[0].duplicate_rate)
        yield _by_size("growth_proof", milestone, milestone.proof_p50 * 1e3, milestones[0].proof_p50 * 1e3)


def memory_result(milestones: Sequence[Milestone]) -> Iterator[Result]:
    """Figure ``memory_10m``, when the log grew that large."""
    for milestone in milestones:
        if milestone.size >= _TEN_MILLION:
            yield alone(DEFINITIONS["memory_10m"], milestone.resident / 1e6)


def _by_size(name: str, milestone: Milestone, value: float, smallest: float) -> Result:
    return Result(
        name=f"{name}_{milestone.size}",
        value=value,
        unit=DEFINITIONS[name].unit,
        ceiling=smallest,
        ratio=value / smallest,
        bar=None,
        met=None,
        details={"resident, MB": round(milestone.resident / 1e6, 1)},
    )
