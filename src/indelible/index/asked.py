"""What is asked of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from indelible.query.ast import Match, Range
from indelible.query.fields import FIELDS
from indelible.query.formula import both

if TYPE_CHECKING:
    from indelible.query.ast import Query

__all__ = ["Asked"]


class Asked(Struct, frozen=True, kw_only=True):
    """A query, and what it is asked for.

    Attributes:
        query: What matches.
        since_us: Only what occurred then or later, in microseconds since 1970.
        until_us: Only what occurred before that.
        counted: The fields whose values are counted.
    """

    query: Query
    since_us: int | None = None
    until_us: int | None = None
    counted: frozenset[str] = frozenset()

    @property
    def whole(self) -> Query:
        """The query with the bounds of time in it."""
        if self.since_us is None and self.until_us is None:
            return self.query
        bounds = Range(self.since_us, self.until_us, high_open=self.until_us is not None)
        return both(self.query, Match(FIELDS["occurred"].field, bounds))
