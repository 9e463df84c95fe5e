"""Each store alone, killed or failing at every single act, and after every kind of power loss."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from indelible.storage.posix import id_runs, journal
from tests.crash.disk import Fault, FaultyCalls, KilledError
from tests.crash.power_loss import RecordingCalls, after_power_loss
from tests.crash.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.workloads import Workload

STATES = 250
"""Power losses tried for each store; the nightly run tries more."""


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few kilobytes are enough for every act to happen."""
    monkeypatch.setattr(journal, "_REWRITE_BYTES", 1_500)
    monkeypatch.setattr(id_runs, "_RETRY", 0.001)


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: no disk is asked to keep anything here, and there are many files."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="indelible-") as folder:
        yield Path(folder)


def cases() -> list[tuple[str, Fault]]:
    return [(name, fault) for name in WORKLOADS for fault in Fault]


@pytest.mark.parametrize(("name", "fault"), cases())
def test_store_survives_a_fault_at_every_act(workplace: Path, name: str, fault: Fault) -> None:
    """Whatever was promised is there afterwards; what was not is there wholly or not at all; and the store goes on."""
    counted = FaultyCalls({})
    (workplace / "dry").mkdir()
    WORKLOADS[name](workplace / "dry", counted).run()
    for number, act in enumerate(counted.acts):
        if not fault.concerns(act):
            continue
        root = workplace / "wet"
        root.mkdir()
        calls = FaultyCalls({number: fault})
        workload = WORKLOADS[name](root, calls)
        try:
            workload.run()
        except KilledError:
            assert calls.dead
        workload.check(root, FaultyCalls({}))
        shutil.rmtree(root)


def lose_power(workload: Workload, recorded: RecordingCalls, random: Random, workplace: Path) -> None:
    """Lose power at a random moment, and once more while what was left is being recovered."""
    moment = random.randint(0, len(recorded.operations))
    first, second = workplace / "first", workplace / "second"
    for folder in (first, second):
        folder.mkdir()
    after_power_loss(recorded, moment, random, first)
    recovering = RecordingCalls(first)
    workload.recover(first, recovering)
    after_power_loss(recovering, random.randint(0, len(recovering.operations)), random, second)
    workload.check(first, RecordingCalls(first), moment)
    workload.check(second, RecordingCalls(second), moment)
    for folder in (first, second):
        shutil.rmtree(folder)


def survive_power_losses(name: str, workplace: Path, seeds: range, fault: Fault | None = None) -> None:
    root = workplace / "recorded"
    for folder in (root, root / "store", root / "tmp"):
        folder.mkdir()
    faults = dict.fromkeys(range(20, 1_000, 7), fault) if fault else {}
    recorded = RecordingCalls(root, FaultyCalls(faults))
    workload = WORKLOADS[name](root, recorded, lambda: len(recorded.operations))
    workload.run()
    for seed in seeds:
        try:
            lose_power(workload, recorded, Random(f"{name} {seed}"), workplace)
        except BaseException as error:
            error.add_note(f"power loss number {seed}")
            raise


@pytest.mark.parametrize("name", WORKLOADS)
def test_store_survives_power_losses(workplace: Path, name: str) -> None:
    """Whatever sectors and names are lost that were not synced: what was promised is there."""
    survive_power_losses(name, workplace, range(STATES))


def test_journal_survives_power_losses_after_a_want_of_space(workplace: Path) -> None:
    """What was half written, and cut away again, does not come back behind a shorter group."""
    survive_power_losses("journal", workplace, range(STATES), Fault.SHORT_THEN_ENOSPC)


@pytest.mark.nightly
@pytest.mark.parametrize("name", WORKLOADS)
def test_store_survives_many_power_losses(workplace: Path, name: str) -> None:
    """The same for many more states."""
    survive_power_losses(name, workplace, range(STATES, 10_000))
