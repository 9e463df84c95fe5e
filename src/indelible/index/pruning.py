"""Which parts of an index a query can concern at all: decided by values, index and time, before any is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from indelible.index.selection import possible_blocks
from indelible.query.ast import And, Match, Range, Value

if TYPE_CHECKING:
    from indelible.index.held_columns import Held
    from indelible.index.parts import Part, Span, View
    from indelible.query.ast import Query

__all__ = ["Bounds", "concerned_parts"]

_FIRST = float("-inf")
_LAST = float("inf")
_FIRST_INDEX = attrgetter("first")
_FIELDS = frozenset({"index", "occurred", "received"})


def concerned_parts(query: Query, view: View, held: Held) -> tuple[Part, ...]:
    """The parts of a view in which anything can match, ascending; ``held`` are columns of its sealed ones."""
    blocks = possible_blocks(query, held.dictionaries)
    parts = view.parts
    if held.blocks & ~blocks:
        sealed = list(held.within(blocks))
        parts = tuple(sorted([*sealed, *view.unsealed], key=_FIRST_INDEX)) if sealed else view.unsealed
    bounds = Bounds.of(query)
    return parts if bounds is _EVERYWHERE else tuple(filter(bounds.touches, parts))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Closed intervals of index and times, outside of which nothing matches."""

    index: tuple[float, float] = (_FIRST, _LAST)
    occurred: tuple[float, float] = (_FIRST, _LAST)
    received: tuple[float, float] = (_FIRST, _LAST)

    @classmethod
    def of(cls, query: Query) -> Bounds:
        """The bounds that a query sets by itself: those that stand alone in it, or joined by *and*."""
        narrowed: dict[str, tuple[float, float]] = {}
        for part in query.parts if isinstance(query, And) else (query,):
            if isinstance(part, Match) and part.field.name in _FIELDS and not part.field.path:
                name, interval = part.field.name, _interval(part.test)
                narrowed[name] = _both(narrowed[name], interval) if name in narrowed else interval
        return cls(**narrowed) if narrowed else _EVERYWHERE

    def touches(self, part: Part) -> bool:
        """Whether a part can hold anything within."""
        return (
            self.index[0] < part.end
            and self.index[1] >= part.first
            and _meets(self.occurred, part.occurred)
            and _meets(self.received, part.received)
        )


_EVERYWHERE = Bounds()


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
