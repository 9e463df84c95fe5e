"""Times as queries write them, made absolute: RFC 3339 (section 5.6) and shorter, relative ones, and two words.

========================  ============================================================
``2026-11-01``            a day
``2026-11-01T10:30``      a minute; with seconds a second, with digits of fraction less
``24h`` ``30m`` ``7d``    the moment that long ago; ``s``, ``m``, ``h``, ``d`` and ``w``
``today`` ``yesterday``   a day
========================  ============================================================

What names no offset is in UTC, and so are days. No clock is read here: *now* is handed in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from indelible.events.timestamps import normalise, to_microseconds

__all__ = ["TIME_WORDS", "Moment", "read_moment"]

TIME_WORDS = ("today", "yesterday")

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_UNITS = {"s": _SECOND, "m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}

_AGO = re.compile(r"([0-9]{1,9})([smhdw])")
_PARTIAL = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt](?P<minute>[0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2}(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
_EXPECTED = "expected a time: 2026-11-01, 2026-11-01T10:30, an RFC 3339 time, 24h, 7d, today or yesterday"


class Moment(NamedTuple):
    """A span of time, in microseconds since 1970; both ends belong to it, and an exact moment has but one.

    Attributes:
        first: Its first microsecond.
        last: Its last.
        is_ago: Whether it was written as so long ago.
    """

    first: int
    last: int
    is_ago: bool = False


def read_moment(text: str, now_us: int) -> Moment:
    """What a time in a query names, seen from ``now_us``.

    Raises:
        ValueError: it names none, or one outside the years 1970 to 9999; the message says which.
    """
    if text in TIME_WORDS:
        start = now_us - now_us % _DAY - _DAY * TIME_WORDS.index(text)
        return Moment(start, start + _DAY - 1)
    if ago := _AGO.fullmatch(text):
        moment = now_us - int(ago[1]) * _UNITS[ago[2]]
        if moment < 0:
            raise ValueError(f"{text} ago lies before 1970")
        return Moment(moment, moment, is_ago=True)
    partial = _PARTIAL.fullmatch(text)
    if partial is None:
        raise ValueError(_EXPECTED)
    clock = f"{partial['minute'] or '00:00'}{partial['second'] or ':00'}"
    start = to_microseconds(normalise(f"{partial['date']}T{clock}{partial['offset'] or 'Z'}"))
    return Moment(start, start + _length(partial) - 1)


def _length(partial: re.Match[str]) -> int:
    """How long what was written lasts, in microseconds: as long as the smallest part that it names."""
    if partial["fraction"]:
        return int(10 ** max(0, 6 - len(partial["fraction"])))
    if partial["second"]:
        return _SECOND
    return _MINUTE if partial["minute"] else _DAY
