"""Which parts of an index a query can concern at all: decided by index and time, before the database is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indelible.query.ast import And, Match, Range, Value

if TYPE_CHECKING:
    from indelible.index.parts import Part, Span
    from indelible.query.ast import Query

__all__ = ["Bounds"]

_FIRST = float("-inf")
_LAST = float("inf")
_FIELDS = frozenset({"index", "occurred", "received"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Closed intervals of index and times, outside of which nothing matches."""

    index: tuple[float, float] = (_FIRST, _LAST)
    occurred: tuple[float, float] = (_FIRST, _LAST)
    received: tuple[float, float] = (_FIRST, _LAST)

    @classmethod
    def of(cls, query: Query) -> Bounds:
        """The bounds that a query sets by itself: those that stand alone in it, or joined by *and*."""
        narrowed = dict.fromkeys(_FIELDS, (_FIRST, _LAST))
        for part in query.parts if isinstance(query, And) else (query,):
            if isinstance(part, Match) and part.field.name in _FIELDS and not part.field.path:
                narrowed[part.field.name] = _both(narrowed[part.field.name], _interval(part.test))
        return cls(**narrowed)

    def occurred_in(self, since_us: int | None, until_us: int | None) -> Bounds:
        """The same, and only what occurred in ``[since_us, until_us)``."""
        asked = (_FIRST if since_us is None else since_us, _LAST if until_us is None else until_us - 1)
        return replace(self, occurred=_both(self.occurred, asked))

    def touches(self, part: Part) -> bool:
        """Whether a part can hold anything within."""
        return (
            self.index[0] < part.end
            and self.index[1] >= part.first
            and _meets(self.occurred, part.occurred)
            and _meets(self.received, part.received)
        )


def _interval(test: object) -> tuple[float, float]:
    match test:
        case Range():
            return (_FIRST if test.low is None else test.low, _LAST if test.high is None else test.high)
        case Value(value=int() as value):
            return (value, value)
        case _:
            return (_FIRST, _LAST)


def _both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(one[0], other[0]), min(one[1], other[1])


def _meets(interval: tuple[float, float], span: Span | None) -> bool:
    return span is None or (interval[0] <= span.high and interval[1] >= span.low)
