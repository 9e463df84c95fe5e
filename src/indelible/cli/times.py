"""Times and durations as options take them."""

from __future__ import annotations

import re
from datetime import datetime

from indelible.errors import UsageError

__all__ = ["parse_duration", "parse_moment"]

_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_duration(option: str, text: str) -> int:
    """The seconds of ``30s``, ``15m``, ``24h`` or ``7d``.

    Raises:
        UsageError: it is none of these; ``option`` names it.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        detail = f"{option} {text!r} is not a time such as 30m, 24h or 7d"
        raise UsageError(detail)
    return int(match[1]) * _SECONDS[match[2]]


def parse_moment(option: str, text: str | None) -> datetime | None:
    """The time that an RFC 3339 text says; ``None`` stays ``None``.

    Raises:
        UsageError: it is no time, or lacks its zone; ``option`` names it.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        detail = f"{option} {text!r} is not a time such as 2030-01-01T00:00:00Z"
        raise UsageError(detail) from None
    if moment.tzinfo is None:
        detail = f"{option} {text!r} lacks its zone: end it with Z for UTC"
        raise UsageError(detail)
    return moment
