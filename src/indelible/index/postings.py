"""Postings: the entries that have a value, listed as long as they are few.

A rare value is found without looking at any segment. A common one need not be: its newest entries are near.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indelible.index.held_columns import TextColumn

__all__ = ["MOST_LISTED", "Postings"]

MOST_LISTED: Final = 64
"""Entries of a value that are listed; of one that has more, none is. A page has 50 by default."""

_WIDTH: Final = np.dtype(np.int64).itemsize
_NONE: Final = b""
_SLOT_BYTES: Final = 8
_LIST_BYTES: Final = sys.getsizeof(_NONE)


class Postings:
    """Of the values of a field, by their numbers, the entries of the columns added. Grows, and is read meanwhile."""

    def __init__(self) -> None:
        self._lists: list[bytes | None] = [_NONE]  # what takes little memory; None where there are too many
        self._added: dict[int, NDArray[np.uint32]] = {}  # the values of segments, by their first indices
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes of memory, at most."""
        return self._size + len(self._lists) * _SLOT_BYTES

    def of(self, number: int) -> list[int] | None:
        """The entries that have the value with a number, in no particular order; ``None`` when there are many."""
        entries = self._lists[number]
        return None if entries is None else memoryview(entries).cast("q").tolist()

    def append(self) -> None:
        """Begin the list of one more value, with the next number."""
        self._lists.append(_NONE)

    def add(self, column: TextColumn, first: int) -> None:
        """List the entries of a segment that begins at ``first``, by their values' numbers, 0 aside.

        Whoever reads meanwhile finds them, also when the segment comes again: no list is without them in between.
        """
        end = first + len(column.places)
        before = self._added.get(first)
        self._added[first] = column.values
        self._size += column.values.nbytes - (0 if before is None else before.nbytes)
        if before is not None:  # it is made anew, or comes back: what was read then need not be what the log holds
            for number in np.setdiff1d(before, column.values).tolist():
                self._put(number, _without(self._lists[number], first, end))
        rows = (column.by_place.astype(np.int64) + first).tobytes()
        bounds = (column.starts.astype(np.int64) * _WIDTH).tolist()
        for number, start, stop in zip(column.values[1:].tolist(), bounds[1:], bounds[2:], strict=False):
            known = self._lists[number] if before is None else _without(self._lists[number], first, end)
            if known is not None:
                few = len(known) + stop - start <= MOST_LISTED * _WIDTH
                self._put(number, known + rows[start:stop] if few else None)

    def _put(self, number: int, entries: bytes | None) -> None:
        self._size += _memory(entries) - _memory(self._lists[number])
        self._lists[number] = entries


def _without(entries: bytes | None, first: int, end: int) -> bytes | None:
    """A list without the entries of a segment."""
    if not entries:
        return entries
    listed = np.frombuffer(entries, np.int64)
    return listed[(listed < first) | (listed >= end)].tobytes()


def _memory(entries: bytes | None) -> int:
    return _LIST_BYTES + len(entries) if entries else 0
