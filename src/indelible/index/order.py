"""The order in which entries are found: that of the log, or against it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Order", "near_first"]

Order = Literal["asc", "desc"]

_NEAR: Final = (1_024, 8_192)
"""How many entries are looked at before all others."""


def near_first(low: int, high: int, order: Order, *, left: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield bounds that ``[low, high)`` falls into, in this order, the first ones near each other.

    It is one piece where fewer entries are to be looked at than the first would have; ``left`` is how many, by default
    all of them.
    """
    left = high - low if left is None else min(left, high - low)
    for start, stop in pairwise([0, *(step for step in _NEAR if step < left), high - low]):
        yield (low + start, low + stop) if order == "asc" else (high - stop, high - start)
