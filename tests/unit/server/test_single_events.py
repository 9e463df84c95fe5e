"""Single events that travel together: fewer groups, and nobody notices whom they travelled with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from indelible.errors import IdConflict, InvalidEvent, Overloaded
from indelible.log import LogSettings, Stores, create_log
from indelible.server.completions import Completions
from indelible.server.single_events import SingleEvents
from indelible.storage.memory import MemoryStores
from indelible.trust.signer import LogSigner, generate_log_keys
from tests.stepped_log import ORIGIN, SteppedLog, TurnedClock

if TYPE_CHECKING:
    from indelible.log import Appended

ID = "019b76da-a800-7000-a000-000000000000"


def event(action: str = "thing.done", **more: str) -> bytes:
    members = "".join(f',"{name}":"{value}"' for name, value in more.items())
    return f'{{"action":"{action}","actor":{{"type":"user","id":"ada"}}{members}}}'.encode()


def make_log(settings: LogSettings) -> SteppedLog:
    memory, signer, clock = MemoryStores(), LogSigner(generate_log_keys(ORIGIN)), TurnedClock()
    stores = Stores(journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints)
    create_log(stores, origin=ORIGIN, signer=signer, clock=clock)
    return SteppedLog(stores, signer, clock, settings)


class Together:
    """Single events on the running loop, for a log whose groups the test sequences."""

    def __init__(self, settings: LogSettings | None = None) -> None:
        self.log = make_log(settings or LogSettings()).log
        self.events = SingleEvents(Completions(asyncio.get_running_loop()))

    def append(self, body: bytes, principal: str = "key:one") -> asyncio.Future[Appended]:
        return self.events.append(self.log, principal, body)

    async def turn(self) -> list[int]:
        """Let the loop turn; then sequence what the log was given. Gives the sizes of those requests."""
        await asyncio.sleep(0)
        given = self.log._pool.take(1_000, timeout=0)
        if given:
            self.log.sequencer.run(given)
        sizes = [len(submission.events) for submission in given]
        for _ in range(3):  # the wake-up, what it calls, and what that calls
            await asyncio.sleep(0)
        return sizes


def test_events_gather_while_a_group_is_written() -> None:
    """The first goes at once; those that come meanwhile go together when it is done; another writer does not wait."""

    async def run() -> None:
        together = Together()
        first = together.append(event())
        await asyncio.sleep(0)
        later = [together.append(event()) for _ in range(5)]
        await asyncio.sleep(0)
        later.append(together.append(event()))
        other = together.append(event(), principal="key:two")
        assert await together.turn() == [1, 1]
        assert (first.result().first_index, other.result().first_index) == (0, 1)
        assert not any(future.done() for future in later)
        assert await together.turn() == [6]
        assert [future.result().first_index for future in later] == [2, 3, 4, 5, 6, 7]
        alone = together.append(event())
        assert await together.turn() == [1]
        assert alone.result().first_index == 8

    asyncio.run(run())


def test_only_the_event_at_fault_fails() -> None:
    """One that is invalid, and one whose id was used for something else: the others are in, and later ones go on."""

    async def run() -> None:
        together = Together()
        before = together.append(event("thing.first", id=ID))
        await together.turn()
        assert before.result().added == 1
        good, bad, taken, again = (
            together.append(event()),
            together.append(b'{"action":7}'),
            together.append(event("thing.second", id=ID)),
            together.append(event("thing.first", id=ID)),
        )
        while not all(future.done() for future in (good, bad, taken, again)):
            assert await together.turn()
        assert good.result().added == 1
        assert isinstance(bad.exception(), InvalidEvent)
        conflict = taken.exception()
        assert isinstance(conflict, IdConflict)
        assert conflict.first_index == 0
        assert (again.result().added, again.result().events[0].index) == (0, 0)
        last = together.append(event())
        assert await together.turn() == [1]
        assert last.result().added == 1

    asyncio.run(run())


def test_a_large_group_does_not_gather_on() -> None:
    """It is prepared on the event loop, so it goes when it has some size, whatever is under way."""

    async def run() -> None:
        together = Together()
        futures = [together.append(event())]
        await asyncio.sleep(0)
        futures += [together.append(event(reason="x" * 4_000)) for _ in range(17)]
        await asyncio.sleep(0)
        futures += [together.append(event()) for _ in range(3)]
        assert await together.turn() == [1, 17]
        assert await together.turn() == [3]
        assert all(future.result().added == 1 for future in futures)

    asyncio.run(run())


def test_what_there_is_room_for_is_taken() -> None:
    """A group that the pool has no room for as a whole goes one by one; only what is beyond it is refused."""

    async def run() -> None:
        together = Together(LogSettings(pool_entries=3))
        first = together.append(event())
        await asyncio.sleep(0)
        under_way = together.log._pool.take(1, timeout=0)
        later = [together.append(event()) for _ in range(3)]
        other = together.append(event(), principal="key:two")
        await asyncio.sleep(0)  # the other's event waits in the pool, and leaves room for two
        together.log.sequencer.run(under_way)
        for _ in range(4):  # the wake-up, what it calls, the group that gathered, and its parts
            await asyncio.sleep(0)
        assert await together.turn() == [1, 1, 1]
        assert first.result().added == other.result().added == 1
        assert [future.exception() is None for future in later] == [True, True, False]
        assert isinstance(later[2].exception(), Overloaded)

    asyncio.run(run())


def test_a_refusal_leaves_nobody_waiting() -> None:
    """When the log takes no more, those who wait learn it, and the next one is tried again."""

    async def run() -> None:
        together = Together(LogSettings(pool_entries=1))
        first = together.append(event())
        await asyncio.sleep(0)
        refused = together.append(event(), principal="key:two")
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await refused
        assert await together.turn() == [1]
        assert first.result().added == 1
        again = together.append(event(), principal="key:two")
        assert await together.turn() == [1]
        assert again.result().added == 1

    asyncio.run(run())
