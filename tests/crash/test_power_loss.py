"""Power loss: from a record of everything a log did, states in which a disk may come back, by the thousand.

Unsynced operations are dropped, reordered, torn at 512 bytes. Whatever is left: what had been acknowledged by then is
there, and the log opens and goes on.
"""

from __future__ import annotations

import bisect
import copy
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from indelible.storage.durable import Disk
from tests.crash.cycle import Cycle, Outcome, make_base
from tests.crash.power_loss import RecordingCalls, after_power_loss

if TYPE_CHECKING:
    from pathlib import Path

SHAPES = (1, 255, 256, 257)
STATES = 2_500
"""For each shape: 10,000 in all."""


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("count", SHAPES)
def test_log_survives_power_loss(count: int, part: int, memory_path: Path) -> None:
    """At any moment, with any of the states that the disk may come back in."""
    base, data = memory_path / "base", memory_path / "data"
    make_base(base)
    cycle = Cycle(count, base)
    shutil.copytree(base, data)
    calls, outcome = RecordingCalls(data), Outcome()
    promises: list[tuple[int, Outcome]] = [(0, copy.deepcopy(outcome))]
    cycle.run(data, Disk(calls), outcome, lambda: promises.append((len(calls.operations), copy.deepcopy(outcome))))
    assert len(outcome.acknowledged) == count + 1
    for seed in range(part * STATES // 2, (part + 1) * STATES // 2):
        rng = random.Random(seed)
        moment = rng.randint(0, len(calls.operations))
        promised = promises[bisect.bisect_right(promises, moment, key=lambda promise: promise[0]) - 1][1]
        target = memory_path / "after"
        target.mkdir()
        after_power_loss(calls, moment, rng, target)
        try:
            cycle.check(target, promised)
        except BaseException as error:
            error.add_note(f"seed {seed}: after {moment} of {len(calls.operations)} operations, shape {count}")
            raise
        shutil.rmtree(target)
