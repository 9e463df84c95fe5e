"""Flows over feeds: lazy, ended once, closed from any thread, and whole after a wait that was cancelled."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import NotFound
from indelible.sdk.feed import AsyncFlow, Flow
from indelible.sdk.plan import drive, drive_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.sdk.plan import Plan


class Batches:
    """Gives these batches; an exception among them is raised, a function waits."""

    def __init__(self, *batches: list[int] | Exception | Callable[[], None]) -> None:
        self.batches = list(batches)
        self.stopped = threading.Event()
        self.closed = 0

    def next(self) -> Plan[list[int] | None]:
        if self.stopped.is_set() or not self.batches:
            return None
        batch = self.batches[0]
        if callable(batch):
            yield batch
            return [] if not self.stopped.is_set() else None
        self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> Plan[None]:
        self.closed += 1
        yield from ()


def call(effect: Any) -> object:
    return effect()


async def call_async(effect: Any) -> object:
    return await asyncio.to_thread(effect)


def flow(feed: Batches) -> Flow[int]:
    return Flow(feed, partial(drive, perform=call))


def async_flow(feed: Batches) -> AsyncFlow[int]:
    return AsyncFlow(feed, lambda plan: drive_async(plan, call_async))


async def taken(feed: Batches) -> list[int]:
    return [item async for item in async_flow(feed)]


def test_flow_gives_every_item_and_closes_at_the_end() -> None:
    """Empty batches are passed over; both drivers give the same."""
    feed, same = Batches([1, 2], [], [3]), Batches([1, 2], [], [3])
    assert list(flow(feed)) == asyncio.run(taken(same)) == [1, 2, 3]
    assert feed.closed == same.closed == 1


def test_flow_asks_only_for_what_is_wanted() -> None:
    """The next batch is not asked for before the last one is used up."""
    feed = Batches([1], [2], [3])
    items = flow(feed)
    assert len(feed.batches) == 3
    assert next(items) == 1
    assert len(feed.batches) == 2


def test_flow_closes_when_the_feed_fails_and_stays_at_its_end() -> None:
    """The error comes through, once; after it there is nothing more."""
    feed = Batches([1], NotFound("gone"), [2])
    items = flow(feed)
    assert next(items) == 1
    with pytest.raises(NotFound):
        next(items)
    assert feed.closed == 1
    assert list(items) == []

    async def asynchronously() -> None:
        feed = Batches(NotFound("gone"), [2])
        items = async_flow(feed)
        with pytest.raises(NotFound):
            await anext(items)
        assert feed.closed == 1
        assert [item async for item in items] == []

    asyncio.run(asynchronously())


def test_flow_is_closed_once_however_often_it_is_asked() -> None:
    """``with`` and ``close`` release what is held, and what was fetched is forgotten."""
    feed = Batches([1, 2])
    with flow(feed) as items:
        assert next(items) == 1
    items.close()
    assert feed.closed == 1
    assert list(items) == []


def test_flow_can_be_closed_from_another_thread() -> None:
    """Whoever waits for the next item is told that there is none."""
    feed = Batches()
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        feed.stopped.wait()

    feed.batches.append(wait)
    items = flow(feed)
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.extend(items))
    thread.start()
    waiting.wait()
    items.close()
    thread.join()
    assert got == []
    assert feed.closed == 1


def test_async_flow_goes_on_after_a_wait_that_was_cancelled() -> None:
    """A timeout around ``anext`` neither closes nor loses anything."""

    async def main() -> None:
        feed = Batches([1])
        released = threading.Event()

        def wait() -> None:
            released.wait()

        feed.batches.append(wait)
        items = async_flow(feed)
        assert await anext(items) == 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(items)
        assert feed.closed == 0
        released.set()
        feed.batches[:] = [[2]]
        assert await anext(items) == 2
        await items.aclose()
        assert feed.closed == 1

    asyncio.run(main())
