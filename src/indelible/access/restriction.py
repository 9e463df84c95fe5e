"""The query that restricts what a reader sees: it must mean the same whenever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import UsageError

if TYPE_CHECKING:
    from indelible.query.ast import Query

__all__ = ["check_restriction", "parse_restriction"]

_ONE_TIME = 1_767_225_600_000_000  # microseconds since 1970; any two times would do
_ANOTHER = 1_800_000_000_000_000


def check_restriction(text: str) -> None:
    """Check that a query can restrict a grant.

    Raises:
        QueryError: it cannot be read; says the column and what was expected.
        UsageError: it is empty, or it means something else at another time.
    """
    if not text.strip():
        raise UsageError("a grant's query must say something, such as tenant:acme; leave it out to restrict nothing")
    if parse_restriction(text) != parse_restriction(text, now_us=_ANOTHER):
        detail = (
            f"{text!r} means something else tomorrow; a grant's query takes dates such as 2026-01-31, not 24h or today"
        )
        raise UsageError(detail)


def parse_restriction(text: str, *, now_us: int = _ONE_TIME) -> Query:
    """The tree of a query that :func:`check_restriction` has passed, which means the same at any time."""
    from indelible.query.parser import parse_query  # noqa: PLC0415 - the bare install has no parser for it to need

    return parse_query(text, now_us=now_us)
