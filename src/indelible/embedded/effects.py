"""What the plans of a log in a directory yield, and what performs it.

Two effects are enough: :class:`Call` for work that blocks, which an event loop hands to a thread, and :class:`Begin`
for what the log's own threads finish later, which costs an event loop no thread.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Begin", "Call", "Effect", "perform", "perform_async"]


@dataclass(frozen=True, slots=True)
class Call:
    """Do something that may block, and give its outcome."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin something: ``function`` gets a callback that the log's threads call once when it is done.

    The outcome is what ``function`` returned. ``TimeoutError`` is raised into the plan after ``timeout`` seconds.
    """

    function: Callable[[Callable[[], None]], Any]
    timeout: float | None = None


Effect = Call | Begin


def perform(effect: Effect) -> object:
    """Carry out an effect in this thread."""
    if isinstance(effect, Call):
        return effect.function()
    done = threading.Event()
    outcome = effect.function(done.set)
    if not done.wait(effect.timeout):
        raise TimeoutError
    return outcome


async def perform_async(effect: Effect) -> object:
    """Carry out an effect without holding up the event loop."""
    if isinstance(effect, Call):
        return await asyncio.to_thread(effect.function)
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    outcome = effect.function(lambda: _wake(loop, done))
    async with asyncio.timeout(effect.timeout):
        await done.wait()
    return outcome


def _wake(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    # A loop that was closed while the log finished has nobody left to wake.
    if not loop.is_closed():
        loop.call_soon_threadsafe(done.set)
