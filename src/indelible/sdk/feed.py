"""What a log gives piece by piece: pages of a search, events as they happen, the bytes of an export.

A *feed* is written once, as plans; :class:`Flow` and :class:`AsyncFlow` drive it, one for ``for``, one for
``async for``. Nothing is asked of a log before the first item is wanted, and no more than the next batch at a time.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from indelible.sdk.found import Coverage, FoundEntry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from indelible.sdk.plan import Plan

__all__ = ["AsyncFlow", "AsyncResults", "Feed", "Flow", "Results", "SearchFeed"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Feed(Protocol[T_co]):
    """Something that comes in batches."""

    def next(self) -> Plan[Sequence[T_co] | None]:
        """The next batch, once there is one; ``None`` at the end. After an error, or after ``stop``, it is the end.

        A plan that is abandoned half-way (an awaiting task was cancelled, say) loses nothing: the next one goes on.
        """
        ...

    def stop(self) -> None:
        """Let a thread that waits in ``next`` come back soon, with the end. Any thread may call it, and twice."""
        ...

    def close(self) -> Plan[None]:
        """Release what is held, after ``stop``, while nobody is in ``next``."""
        ...


class SearchFeed(Feed[FoundEntry], Protocol):
    """The pages of a search."""

    @property
    def coverage(self) -> Coverage | None:
        """What the last page was searched for in; ``None`` before there is one."""
        ...


class Flow(Generic[T]):
    """The items of a feed, as they come. Closing it, from any thread, ends it; its end, an error too, closes it."""

    def __init__(self, feed: Feed[T], run: Callable[[Plan[Any]], Any]) -> None:
        """Join a feed and what runs its plans; the log does that."""
        self._feed = feed
        self._run = run
        self._items: deque[T] = deque()
        self._turn = threading.Lock()  # held by whoever is in the feed
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        while not self._items:
            self._fetch()
        return self._items.popleft()

    def close(self) -> None:
        """End it, and release what it holds. Closing twice is no error."""
        self._feed.stop()
        with self._turn:
            self._end()
        self._items.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _fetch(self) -> None:
        with self._turn:
            batch = None
            try:
                if not self._ended:
                    batch = self._run(self._feed.next())
            finally:
                if batch is None:
                    self._end()
        if batch is None:
            raise StopIteration
        self._items.extend(batch)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._feed.stop()
            self._run(self._feed.close())


class AsyncFlow(Generic[T]):
    """As :class:`Flow`, for ``async for``. A wait that is cancelled loses nothing: the next one goes on."""

    def __init__(self, feed: Feed[T], run: Callable[[Plan[Any]], Awaitable[Any]]) -> None:
        """Join a feed and what runs its plans; the log does that."""
        self._feed = feed
        self._run = run
        self._items: deque[T] = deque()
        self._turn = asyncio.Lock()  # held by whoever is in the feed
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            await self._fetch()
        return self._items.popleft()

    async def aclose(self) -> None:
        """End it, and release what it holds. Closing twice is no error."""
        self._feed.stop()
        async with self._turn:
            await self._end()
        self._items.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _fetch(self) -> None:
        async with self._turn:
            batch = None
            if not self._ended:
                try:
                    batch = await self._run(self._feed.next())
                except Exception:
                    await self._end()
                    raise
            if batch is None:
                await self._end()
                raise StopAsyncIteration
            self._items.extend(batch)

    async def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._feed.stop()
            await self._run(self._feed.close())


class Results(Flow[FoundEntry]):
    """The entries that a search finds, page by page as they are taken."""

    _feed: SearchFeed

    @property
    def coverage(self) -> Coverage | None:
        """Which part of the log the last page was searched for in; ``None`` before the first entry is asked for."""
        return self._feed.coverage


class AsyncResults(AsyncFlow[FoundEntry]):
    """As :class:`Results`, for ``async for``."""

    _feed: SearchFeed

    @property
    def coverage(self) -> Coverage | None:
        """As :attr:`Results.coverage`."""
        return self._feed.coverage
