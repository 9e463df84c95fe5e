"""A question to a log, as it is put to a directory or to a server: its text, and its bounds made absolute.

Times such as ``24h`` are seen from one moment, that of the question, so that its later pages have the bounds of its
first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, cast, get_args

from indelible.errors import UsageError
from indelible.query.moments import read_moment

__all__ = ["FORMATS", "ExportFormat", "Order", "Question", "When", "as_datetime", "ask", "check_after", "check_format"]

When: TypeAlias = datetime | str
"""A moment: with its zone; or an RFC 3339 text; or how long ago, ``24h``, ``7d``; or ``today``."""

Order: TypeAlias = Literal["desc", "asc"]
"""``desc`` is newest first, ``asc`` oldest first; by index, which is the order in which the log took them."""

ExportFormat: TypeAlias = Literal["ndjson", "csv", "parquet", "ocsf", "ecs", "cloudevents"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

FORMATS: tuple[str, ...] = get_args(ExportFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        query: A text in the query language; empty for everything.
        now_us: When it was asked: relative times in it are seen from here. Microseconds since 1970, like the bounds.
        since_us: Only what occurred at that time or later.
        until_us: Only what occurred before.
        order: In which order.
        limit: At most so many entries; ``None`` for all.
        proof: Whether each entry is wanted with its proof.
    """

    query: str
    now_us: int
    since_us: int | None = None
    until_us: int | None = None
    order: Order = "desc"
    limit: int | None = None
    proof: bool = False


def ask(
    query: str,
    *,
    since: When | None = None,
    until: When | None = None,
    order: Order = "desc",
    limit: int | None = None,
    proof: bool = False,
) -> Question:
    """The question that a caller puts now.

    Raises:
        UsageError: a bound that is no time, one without its zone, an end before the beginning, an unknown order, or a
            negative limit.
    """
    if order not in get_args(Order):
        raise UsageError(f"the order is desc (newest first) or asc (oldest first), not {order!r}")
    if limit is not None and limit < 0:
        raise UsageError(f"a limit is a number of entries, not {limit}")
    now_us = time.time_ns() // 1_000
    since_us, until_us = _bound("since", since, now_us), _bound("until", until, now_us)
    if since_us is not None and until_us is not None and until_us < since_us:
        raise UsageError(f"until {until} lies before since {since}: nothing can be between them")
    return Question(
        query=query,
        now_us=now_us,
        since_us=since_us,
        until_us=until_us,
        order=order,
        limit=limit,
        proof=proof,
    )


def check_after(after: int | None) -> None:
    """Check that an index, or -1, is given to go on from.

    Raises:
        UsageError: it is another negative number.
    """
    if after is not None and after < -1:
        raise UsageError(f"{after} is no index to go on from: entries are counted from 0, and -1 is before the first")


def check_format(form: str) -> ExportFormat:
    """The format that goes by this name.

    Raises:
        UsageError: there is none.
    """
    if form not in FORMATS:
        raise UsageError(f"{form!r} is no export format; there are {', '.join(FORMATS)}")
    return cast("ExportFormat", form)


def as_datetime(microseconds: int) -> datetime:
    """The moment so many microseconds after the beginning of 1970, in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def _bound(name: str, moment: When | None, now_us: int) -> int | None:
    if moment is None:
        return None
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise UsageError(f"{name} lacks its zone, so it can mean two moments: attach one with tzinfo")
        return max(0, (moment - _EPOCH) // _MICROSECOND)  # nothing in a log is older than 1970
    try:
        return read_moment(moment, now_us).first
    except ValueError as error:
        raise UsageError(f"{name} {moment!r}: {error}") from error
