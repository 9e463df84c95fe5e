"""How much a principal may send a second: one bucket for its requests, one for its events.

A bucket holds what may be sent at once, one second's worth, and refills steadily. What is larger than the bucket (a
batch of 10,000 events at 1,000 a second) passes when the bucket holds anything at all, and is paid off before the next
may pass: a rate holds on the average, and no batch is too large for it for ever.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import RateLimited, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.access.principal import Principal

__all__ = ["MAX_RATE", "RateLimit", "Rates"]

MAX_RATE = 1_000_000_000
_MAX_PRINCIPALS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Requests and events a second, each from 1 to ``MAX_RATE``; ``None`` sets no limit."""

    requests_per_second: int | None = None
    events_per_second: int | None = None

    def __post_init__(self) -> None:
        for rate in (self.requests_per_second, self.events_per_second):
            if rate is not None and not 1 <= rate <= MAX_RATE:
                detail = f"a rate is a whole number from 1 to {MAX_RATE:,} a second, not {rate}"
                raise UsageError(detail)

    def or_else(self, other: RateLimit) -> RateLimit:
        """This limit, and where it sets none, the other."""
        return RateLimit(
            requests_per_second=self.requests_per_second or other.requests_per_second,
            events_per_second=self.events_per_second or other.events_per_second,
        )


class Rates:
    """The buckets of every principal that was here lately. Used on one thread, the event loop's."""

    def __init__(self, default: RateLimit | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``default`` holds for principals that have no limit of their own."""
        self._default = default or RateLimit()
        self._clock = clock
        self._requests: dict[str, _Bucket] = {}
        self._events: dict[str, _Bucket] = {}

    def take_request(self, principal: Principal) -> None:
        """Count one request.

        Raises:
            RateLimited: the principal has sent its share; says when the next may come.
        """
        rate = principal.limit.requests_per_second or self._default.requests_per_second
        if rate is not None:
            self._take(self._requests, principal, rate, 1, "requests")

    def take_events(self, principal: Principal, count: int) -> None:
        """Count events, all or none. Raises as :meth:`take_request` does."""
        rate = principal.limit.events_per_second or self._default.events_per_second
        if rate is not None and count:
            self._take(self._events, principal, rate, count, "events")

    def _take(self, buckets: dict[str, _Bucket], principal: Principal, rate: int, count: int, what: str) -> None:
        bucket = buckets.get(principal.id)
        if bucket is None:
            if len(buckets) >= _MAX_PRINCIPALS:
                buckets.clear()  # rare: everybody starts with a full bucket
            bucket = buckets[principal.id] = _Bucket(content=float(rate), at=self._clock())
        wait = bucket.take(count, rate, self._clock())
        if wait > 0:
            detail = f"{principal.name!r} may send {rate:,} {what} a second, and has sent more; send this again later"
            raise RateLimited(detail, retry_after=wait)


@dataclass(slots=True)
class _Bucket:
    """``content`` may be taken; below zero it is owed. ``at`` is the time, in seconds, of which that is true."""

    content: float
    at: float

    def take(self, count: int, rate: int, now: float) -> float:
        """Take ``count`` and return 0, or take nothing and return in how many seconds to come back."""
        self.content = min(float(rate), self.content + (now - self.at) * rate)
        self.at = now
        if self.content < 1:
            return (1 - self.content) / rate
        self.content -= count
        return 0.0
