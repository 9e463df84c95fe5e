"""``received_at`` never decreases, whatever the clock does, and odd clocks are reported."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.log.clock import ReceivedAt, SystemClock

START = 1_700_000_000_000_000


class TurnedClock:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.microseconds = START
        self.seconds = 0.0

    def wall(self) -> int:
        return self.microseconds

    def monotonic(self) -> float:
        return self.seconds


@given(st.lists(st.integers(min_value=-(10**18), max_value=10**18)))
def test_received_at_never_decreases(moments: list[int]) -> None:
    """The normal form sorts as text, and each time is at least the one before."""
    clock = TurnedClock()
    received_at = ReceivedAt(clock, last="2023-11-14T22:13:20.000000Z", tolerance=1e9)
    times = [b"2023-11-14T22:13:20.000000Z"]
    for moment in moments:
        clock.microseconds = START + moment
        times.append(received_at.next())
    assert times == sorted(times)
    assert {len(time) for time in times} == {27}


def test_received_at_is_the_clock_when_it_runs_on() -> None:
    """An ordinary clock is taken as it is, to the microsecond."""
    clock = TurnedClock()
    received_at = ReceivedAt(clock, last=None, tolerance=1)
    assert received_at.next() == b"2023-11-14T22:13:20.000000Z"
    clock.microseconds += 1
    assert received_at.next() == b"2023-11-14T22:13:20.000001Z"


@pytest.mark.parametrize(
    ("wall", "seconds", "report"), [(-2_000_000, 1.0, "clock_lags"), (9_000_000, 1.0, "clock_leapt")]
)
def test_received_at_reports_a_clock_that_lags_or_leaps(
    wall: int, seconds: float, report: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Someone should look at such a clock; the entries are taken all the same."""
    clock = TurnedClock()
    received_at = ReceivedAt(clock, last=None, tolerance=1)
    received_at.next()
    clock.microseconds += wall
    clock.seconds += seconds
    with caplog.at_level(logging.WARNING):
        received_at.next()
    assert [record.message for record in caplog.records] == [report]


def test_received_at_does_not_report_an_ordinary_pause(caplog: pytest.LogCaptureFixture) -> None:
    """An idle hour is no leap: the monotonic clock has moved as far."""
    clock = TurnedClock()
    received_at = ReceivedAt(clock, last=None, tolerance=1)
    received_at.next()
    clock.microseconds += 3_600_000_000
    clock.seconds += 3_600
    with caplog.at_level(logging.WARNING):
        received_at.next()
    assert caplog.records == []


def test_system_clock_agrees_with_itself() -> None:
    """Wall time is in microseconds, monotonic time does not go back."""
    clock = SystemClock()
    assert clock.wall() > START
    assert clock.monotonic() <= clock.monotonic()
