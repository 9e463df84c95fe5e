"""Crash enumeration: every act of an append, publish and trim cycle, met by every fault that can meet it.

After each: everything acknowledged is there at its index, the root equals an independent model's, the next append works
or the log says why not.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.crash.cycle import Cycle, Outcome, make_base
from tests.crash.disk import Fault, KilledError, faulty_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.storage.durable import Disk
    from tests.crash.disk import FaultyCalls

SHAPES = (1, 255, 256, 257, 513)
LARGE = 65_537
PARTS = 16
CASES = 2_000


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """What a log says of a failing disk is kept with its traceback, and with that the whole log, until a test ends."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def base(memory_path_module: Path) -> Path:
    path = memory_path_module / "base"
    make_base(path)
    return path


def live(cycle: Cycle, base: Path, data: Path, disk: Disk, calls: FaultyCalls) -> Outcome:
    """A cycle on a copy of the base, until the disk kills it."""
    shutil.copytree(base, data)
    outcome = Outcome()
    with contextlib.suppress(KilledError):
        cycle.run(data, disk, outcome)
    calls.release()
    return outcome


def acts_of(cycle: Cycle, base: Path, data: Path) -> list[str]:
    """The acts of an undisturbed cycle, which must end well."""
    disk, calls = faulty_disk()
    outcome = live(cycle, base, data, disk, calls)
    assert len(outcome.acknowledged) == cycle.count + 1
    cycle.check(data, outcome)
    shutil.rmtree(data)
    return calls.acts


def strike(cycle: Cycle, base: Path, data: Path, at: int, fault: Fault) -> FaultyCalls:
    """One case."""
    disk, calls = faulty_disk({at: fault})
    outcome = live(cycle, base, data, disk, calls)
    try:
        cycle.check(data, outcome)
    except BaseException as error:
        error.add_note(f"{fault} at act {at} ({calls.acts[at]}) of a cycle of {cycle.count}")
        raise
    shutil.rmtree(data)
    return calls


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("count", SHAPES)
def test_log_survives_every_fault_at_every_act(count: int, fault: Fault, base: Path, memory_path: Path) -> None:
    """Whatever act the fault strikes at."""
    cycle = Cycle(count, base)
    acts = acts_of(cycle, base, memory_path / "data")
    for at, act in enumerate(acts):
        if fault.concerns(act):
            strike(cycle, base, memory_path / "data", at, fault)


def test_the_matrix_is_large_enough(base: Path, memory_path: Path) -> None:
    """The number of cases above is what the survival claims of the documentation rest on."""
    cases = 0
    for count in SHAPES:
        acts = acts_of(Cycle(count, base), base, memory_path / "data")
        cases += sum(fault.concerns(act) for fault in Fault for act in acts)
    assert cases >= CASES


@pytest.mark.parametrize("fault", Fault)
def test_log_survives_faults_within_a_large_batch(fault: Fault, base: Path, memory_path: Path) -> None:
    """65,537 entries at once: two levels of full tiles, syncfs, an id run. Of each kind of act, first and last."""
    cycle = Cycle(LARGE, base)
    acts = acts_of(cycle, base, memory_path / "data")
    chosen = {acts.index(act) for act in set(acts)} | {len(acts) - 1 - acts[::-1].index(act) for act in set(acts)}
    concerned = sorted(at for at in chosen if fault.concerns(acts[at]))
    assert concerned
    for at in concerned[:: max(1, len(concerned) // 3)]:
        strike(cycle, base, memory_path / "data", at, fault)


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("fault", Fault)
def test_log_survives_every_fault_at_every_act_of_a_large_batch(
    fault: Fault, part: int, base: Path, memory_path: Path
) -> None:
    """The matrix above for 65,537 entries: some 10,000 cases of a second each, in parts that run side by side."""
    cycle = Cycle(LARGE, base)
    acts = acts_of(cycle, base, memory_path / "data")
    concerned = [at for at, act in enumerate(acts) if fault.concerns(act)]
    assert len(concerned) >= PARTS
    for at in concerned[part::PARTS]:
        strike(cycle, base, memory_path / "data", at, fault)
