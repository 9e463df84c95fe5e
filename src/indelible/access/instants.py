"""Times as control data keeps them: RFC 3339 in UTC with six fractional digits, the form that records use too."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["format_instant", "parse_instant"]

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def format_instant(time: datetime) -> str:
    """The text of an aware time: ``2026-01-31T08:00:00.000000Z``."""
    return time.astimezone(UTC).strftime(_FORM)


def parse_instant(text: str) -> datetime:
    """The time that :func:`format_instant` wrote."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
