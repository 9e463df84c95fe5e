"""Time as the log records it: ``received_at`` never decreases along a log, whatever the clock does.

It is the larger of the clock and the last one assigned (ARCHITECTURE, "Durability and crash rules"). A clock that lags
behind what has been recorded, or leaps ahead of the time that has passed, is reported; entries are taken all the same.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from indelible.events.timestamps import from_microseconds

__all__ = ["Clock", "ReceivedAt", "SystemClock"]

_log = logging.getLogger("indelible.log.clock")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Clock(Protocol):
    """Wall time and monotonic time, handed in so that tests can turn them."""

    def wall(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        return time.monotonic()


class ReceivedAt:
    """Assigns ``received_at``, once a group. One thread uses it: the sequencer's."""

    def __init__(self, clock: Clock, *, last: str | None, tolerance: float) -> None:
        """``last`` is the ``received_at`` of the log's last entry, in normal form; ``tolerance`` is in seconds."""
        self._clock = clock
        self._tolerance = int(tolerance * 1_000_000)
        self._last = _parse(last) if last is not None else 0
        self._seen: tuple[int, float] | None = None

    def next(self) -> bytes:
        """The time for the next group, in normal form: 27 ASCII bytes."""
        wall, monotonic = self._clock.wall(), self._clock.monotonic()
        self._report(wall, monotonic)
        self._last = min(max(wall, self._last), _LATEST)
        return from_microseconds(self._last).encode()

    def _report(self, wall: int, monotonic: float) -> None:
        if self._last - wall > self._tolerance:
            _log.warning("clock_lags", extra={"behind_seconds": (self._last - wall) / 1e6})
        if self._seen is not None:
            passed = int((monotonic - self._seen[1]) * 1_000_000)
            if wall - self._seen[0] - passed > self._tolerance:
                _log.warning("clock_leapt", extra={"ahead_seconds": (wall - self._seen[0] - passed) / 1e6})
        self._seen = (wall, monotonic)


def _parse(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
