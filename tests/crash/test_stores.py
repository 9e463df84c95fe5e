"""Each store alone, killed or failing at every single act, and after every kind of power loss."""

from __future__ import annotations

import shutil
from random import Random
from typing import TYPE_CHECKING

import pytest

from indelible.storage.posix import id_runs, journal
from tests.crash.disk import Fault, FaultyCalls, KilledError
from tests.crash.power_loss import RecordingCalls, after_power_loss
from tests.crash.workloads import WORKLOADS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.workloads import Workload

STATES = 400
"""Power losses tried for each store; the nightly run tries more."""


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few kilobytes are enough for every act to happen."""
    monkeypatch.setattr(journal, "_REWRITE_BYTES", 1_500)
    monkeypatch.setattr(id_runs, "_RETRY", 0.001)


def cases() -> list[tuple[str, Fault]]:
    return [(name, fault) for name in WORKLOADS for fault in Fault]


@pytest.mark.parametrize(("name", "fault"), cases())
def test_store_survives_a_fault_at_every_act(tmp_path: Path, name: str, fault: Fault) -> None:
    """Whatever was promised is there afterwards; what was not is there wholly or not at all; and the store goes on."""
    counted = FaultyCalls({})
    (tmp_path / "dry").mkdir()
    WORKLOADS[name](tmp_path / "dry", counted).run()
    for number, act in enumerate(counted.acts):
        if not fault.concerns(act):
            continue
        root = tmp_path / "wet"
        root.mkdir()
        calls = FaultyCalls({number: fault})
        workload = WORKLOADS[name](root, calls)
        try:
            workload.run()
        except KilledError:
            assert calls.dead
        workload.check(root, FaultyCalls({}))
        shutil.rmtree(root)


def survive(workload: Workload, recorded: RecordingCalls, random: Random, tmp_path: Path) -> None:
    """One power loss at a random moment, and a second one soon after the restart."""
    moment = random.randint(0, len(recorded.operations))
    first = tmp_path / "first"
    first.mkdir()
    after_power_loss(recorded, moment, random, first)
    (first / "store").mkdir(exist_ok=True)
    (first / "tmp").mkdir(exist_ok=True)
    again = RecordingCalls(first)
    workload.check(first, again, moment)

    second = tmp_path / "second"
    second.mkdir()
    after_power_loss(again, random.randint(0, len(again.operations)), random, second)
    reopened = type(workload)(second, RecordingCalls(second))
    reopened.work_on()
    for folder in (first, second):
        shutil.rmtree(folder)
