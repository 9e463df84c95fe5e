"""The one place where work that blocks leaves the event loop.

Few threads, because most of that work holds the interpreter's lock: more of them would only take turns. What waits
for a thread has been bounded before it came here: bodies by their bytes, everything else by its connection.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Blocking"]

T = TypeVar("T")


class Blocking:
    """Runs functions in threads, for coroutines that wait for them."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="indelible-blocking")

    async def __call__(self, function: Callable[[], T]) -> T:
        """Run ``function`` in a thread and return, or raise, what it does."""
        # With the caller's context: what the function logs or traces belongs to the same request.
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._executor, run, function)

    def start(self, function: Callable[[], None]) -> None:
        """Have ``function`` run in a thread, with nobody waiting for it; it must deal with its own errors."""
        self._executor.submit(function)

    def close(self) -> None:
        """Wait for what runs, and end the threads."""
        self._executor.shutdown()
