"""Fixtures: a log in memory that the test drives step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.log import LogSettings, Stores, create_log
from indelible.storage.memory import MemoryStores
from indelible.trust.signer import LogSigner, generate_log_keys
from tests.stepped_log import ORIGIN, SteppedLog, TurnedClock

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def signer() -> LogSigner:
    return LogSigner(generate_log_keys(ORIGIN))


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def make_log(signer: LogSigner, clock: TurnedClock) -> Callable[[], SteppedLog]:
    def make() -> SteppedLog:
        memory = MemoryStores()
        stores = Stores(journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints)
        create_log(stores, origin=ORIGIN, signer=signer, clock=clock)
        return SteppedLog(stores, signer, clock, LogSettings())

    return make


@pytest.fixture
def stepped(make_log: Callable[[], SteppedLog]) -> SteppedLog:
    return make_log()
