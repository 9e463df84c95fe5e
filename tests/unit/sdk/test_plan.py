"""The two drivers: the same plan gives the same answer, and errors reach the plan, which may handle them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from indelible.sdk.plan import drive, drive_async

if TYPE_CHECKING:
    from indelible.sdk.plan import Plan


def _sum_up(*numbers: int) -> Plan[int]:
    total = 0
    for number in numbers:
        try:
            total += yield number
        except ValueError:
            total += 100
    return total


def _double(number: int) -> int:
    if number < 0:
        raise ValueError
    if number > 99:
        raise LookupError(number)
    return 2 * number


async def _double_later(number: int) -> int:
    await asyncio.sleep(0)
    return _double(number)


def test_drive_and_drive_async_give_the_same_answer() -> None:
    """A plan is written once: under both drivers it sees the same outcomes."""
    assert drive(_sum_up(1, -1, 3), _double) == 108
    assert asyncio.run(drive_async(_sum_up(1, -1, 3), _double_later)) == 108


def test_drive_raises_what_the_plan_does_not_handle() -> None:
    """An error that the plan lets pass ends it, and reaches the caller."""
    with pytest.raises(LookupError):
        drive(_sum_up(1, 100), _double)
    with pytest.raises(LookupError):
        asyncio.run(drive_async(_sum_up(1, 100), _double_later))


def test_drive_takes_a_plan_that_needs_nothing() -> None:
    """A plan without effects just ends."""
    assert drive(_sum_up(), _double) == 0
    assert asyncio.run(drive_async(_sum_up(), _double_later)) == 0


def test_drive_closes_the_plan_when_an_effect_is_interrupted() -> None:
    """What is no error, such as Control-C, passes through, and the plan's cleanup runs."""
    cleaned = []

    def plan() -> Plan[None]:
        try:
            yield 1
        finally:
            cleaned.append(True)

    def interrupted(_: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(plan(), interrupted)
    assert cleaned == [True]
