"""From a log's threads back to the event loop: one wake-up for a group of requests, not one for each.

A sequencer finishes a whole group at once. Waking the loop costs a system call and a turn of its select, so only the
first of the group does it; the others are in the queue by the time that the loop looks.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Completions"]


class Completions:
    """What other threads have finished for one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._finished: deque[Callable[[], None]] = deque()
        self._woken = False

    def call(self, callback: Callable[[], None]) -> None:
        """Have the loop call ``callback`` soon. Called from any thread; never blocks."""
        self._finished.append(callback)
        # Appended before looking: if the loop is about to drain it will see this one, and if it has drained, it has
        # set the flag back before that. Two threads may both wake it, which does no harm.
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop has ended, and with it everybody who waited
                self.loop.call_soon_threadsafe(self._drain)

    def complete(self, future: asyncio.Future[None]) -> None:
        """Let whoever awaits ``future`` go on. Called from any thread; never blocks."""
        self.call(partial(_complete, future))

    def _drain(self) -> None:
        self._woken = False
        while self._finished:
            callback = self._finished.popleft()
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - it must not keep the others waiting
                self.loop.call_exception_handler({"message": "a completion failed", "exception": error})


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():  # the request may have been cancelled
        future.set_result(None)
