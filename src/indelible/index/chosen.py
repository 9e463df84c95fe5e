"""Rows of a part that have been chosen, numbered from 0 within it, ascending: a run of them, or those in an array."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["NO_ROWS", "Rows", "clipped", "indices_of", "narrowed", "remaining", "taken", "together"]

Rows: TypeAlias = "range | NDArray[np.integer[Any]]"
"""A run, whose step is 1 and whose ends are rows, or an array, of whichever type is wide enough."""

NO_ROWS: Final = range(0)

_Value = TypeVar("_Value", bound=np.generic)


def taken(values: NDArray[_Value], rows: Rows) -> NDArray[_Value]:
    """What an array, with a value for each row of the part, has for these."""
    return values[rows.start : rows.stop] if isinstance(rows, range) else values[rows]


def narrowed(rows: Rows, values: NDArray[_Value], test: Callable[[NDArray[_Value]], NDArray[np.bool_]]) -> Rows:
    """Those of the rows whose values pass; ``values`` has one for each row of the part."""
    passing = test(taken(values, rows))
    return passing.nonzero()[0] + rows.start if isinstance(rows, range) else rows[passing]


def clipped(rows: Rows, run: range) -> Rows:
    """Those of the rows that lie in a run."""
    if isinstance(rows, range):
        start, stop = max(rows.start, run.start), min(rows.stop, run.stop)
        return range(start, stop) if start < stop else NO_ROWS
    return rows[bisect_left(rows, run.start) : bisect_left(rows, run.stop)]


def together(some: Sequence[Rows], size: int) -> Rows:
    """The rows that are among any of these, of a part of that many."""
    most = max(some, key=len)
    if len(most) == size or all(not len(rows) or rows is most for rows in some):
        return most
    return _marked(some, size).nonzero()[0]


def remaining(rows: Rows, others: Rows, size: int) -> Rows:
    """Those of the rows, of a part of that many, that are not among the others, which are some of them."""
    if not len(others):
        return rows
    if len(others) == len(rows):
        return NO_ROWS
    return narrowed(rows, _marked([others], size), np.logical_not)


def indices_of(rows: Rows, first: int) -> NDArray[np.int64]:
    """The indices in the log of rows of a part that begins at ``first``."""
    if isinstance(rows, range):
        return np.arange(rows.start + first, rows.stop + first)
    return rows.astype(np.int64) + first  # what numbers rows may be too narrow for indices


def _marked(some: Sequence[Rows], size: int) -> NDArray[np.bool_]:
    marked = np.zeros(size, np.bool_)
    for rows in some:
        if isinstance(rows, range):
            marked[rows.start : rows.stop] = True
        else:
            marked[rows] = True
    return marked
