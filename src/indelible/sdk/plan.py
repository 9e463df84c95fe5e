"""Flows written once, driven twice.

A *plan* is a generator that yields *effects* (what it needs done) and receives their outcomes. It never does anything
itself, so the same plan runs under a synchronous and under an asynchronous driver. Which effects exist, and what
performs them, is the business of whoever makes the plans: ``embedded`` calls into the log, ``client`` exchanges HTTP
messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

__all__ = ["Plan", "drive", "drive_async"]

T = TypeVar("T")

Plan = Generator[Any, Any, T]
"""A flow that ends in a ``T``. The effects in between are the maker's own, hence ``Any``."""


def drive(plan: Plan[T], perform: Callable[[Any], Any]) -> T:
    """Run a plan to its end: ``perform`` carries out each effect and returns its outcome, or raises into the plan."""
    try:
        effect = next(plan)
        while True:
            try:
                outcome = perform(effect)
            except Exception as error:  # noqa: BLE001 - the plan decides what an error means
                effect = plan.throw(error)
            else:
                effect = plan.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        plan.close()


async def drive_async(plan: Plan[T], perform: Callable[[Any], Awaitable[Any]]) -> T:
    """As :func:`drive`, for effects that are awaited."""
    try:
        effect = next(plan)
        while True:
            try:
                outcome = await perform(effect)
            except Exception as error:  # noqa: BLE001 - the plan decides what an error means
                effect = plan.throw(error)
            else:
                effect = plan.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        plan.close()
