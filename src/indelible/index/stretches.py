"""Stretches: the 64 equal runs of entries that the entries of a segment fall into, and sets of them as bits.

The lowest bit is the first stretch. What a text filter says of a text is such a set: the stretches that may hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indelible.query.ast import And, FreeText, Or

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from indelible.index.parts import Part
    from indelible.query.ast import Query

__all__ = ["ALL", "STRETCHES", "entries_within", "is_within", "matching_stretches", "stretch_width"]

STRETCHES: Final = 64
ALL: Final = (1 << STRETCHES) - 1
"""Every stretch."""


def stretch_width(part: Part) -> int:
    """How many entries a stretch of a part has; the last ones may have fewer, or none."""
    return -(-(part.end - part.first) // STRETCHES)


def matching_stretches(query: Query, held: Mapping[FreeText, int]) -> int:
    """The stretches where a query can match, by those that may hold its texts."""
    match query:
        case FreeText():
            return held[query]
        case And():
            found = ALL
            for part in query.parts:
                found &= matching_stretches(part, held)
            return found
        case Or():
            found = 0
            for part in query.parts:
                found |= matching_stretches(part, held)
            return found
        case _:
            return ALL


def entries_within(part: Part, stretches: int) -> NDArray[np.int64]:
    """The indices of the entries of a part that lie in some of its stretches, ascending."""
    entries = np.arange(part.first, part.end)
    return entries if stretches == ALL else entries[is_within(part, stretches, entries)]


def is_within(part: Part, stretches: int, entries: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each of some entries of a part, whether it lies in some of its stretches."""
    numbers = ((entries - part.first) // stretch_width(part)).astype(np.uint64)
    return (np.uint64(stretches) >> numbers & np.uint64(1)).astype(np.bool_)
