"""Searches leave the event loop here: into a few threads of their own, each with a deadline, and stopped when unwanted.

A search may run for seconds where everything else takes milliseconds, so it must not take the threads that appends and
proofs need. So many run at once, so many more may wait; whoever comes then is told to come back.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from indelible.errors import Overloaded, QueryCancelled
from indelible.index import Control
from indelible.server.body import ClientGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.server.asgi import Receive

__all__ = ["Searching"]

T = TypeVar("T")


class Searching:
    """Runs searches for coroutines that wait for them. Used on one event loop."""

    def __init__(self, *, threads: int, waiting: int, seconds: float) -> None:
        """``threads`` searches at once, ``waiting`` more in line, each for at most ``seconds`` with its wait."""
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="indelible-search")
        self._most = threads + waiting
        self._seconds = seconds
        self._running: set[Control] = set()

    @property
    def under_way(self) -> int:
        """Searches that run or wait."""
        return len(self._running)

    async def __call__(self, receive: Receive, search: Callable[[Control], T]) -> T:
        """Run ``search`` in a thread, and stop it when the client leaves.

        Raises:
            Overloaded: too many run and wait.
            QueryTimeout: it took too long.
            ClientGone: nobody waits for it any more.
        """
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            work = asyncio.ensure_future(self.unwatched(search))
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError, QueryCancelled):
                    await work
                raise ClientGone
            return await work
        finally:
            gone.cancel()

    async def unwatched(self, search: Callable[[Control], T], *, seconds: float | None = None) -> T:
        """Run ``search`` in a thread; cancelling the coroutine stops it.

        Raises:
            Overloaded: too many run and wait.
            QueryTimeout: it took longer than ``seconds``, or than any search may.
        """
        if len(self._running) >= self._most:
            raise Overloaded(f"{self._most} searches are running or waiting already", retry_after=1.0, what="searches")
        control = Control(seconds=self._seconds if seconds is None else seconds)
        self._running.add(control)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, search, control)
        except asyncio.CancelledError:
            control.cancel()
            raise
        finally:
            self._running.discard(control)

    def close(self) -> None:
        """Stop what runs, and end the threads."""
        for control in self._running:
            control.cancel()
        self._executor.shutdown()


async def until_gone(receive: Receive) -> None:
    """Wait until the client has left. Whatever it still sends is of no interest."""
    while (await receive())["type"] != "http.disconnect":
        pass
