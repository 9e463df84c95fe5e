"""The order in which entries are found: that of the log, or against it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NEAR", "NEAR_TEXT", "Order", "near_first"]

Order = Literal["asc", "desc"]

NEAR: Final = (1_024, 8_192)
"""How many entries are looked at before all others."""
NEAR_TEXT: Final = (512, 4_096)
"""As many where a text is looked for: what costs is each of them, and not each look."""


def near_first(low: int, high: int, order: Order, near: tuple[int, ...], left: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of pieces of ``[low, high)``, in this order: the first ``near`` entries, and the rest.

    It is one piece where at most so many entries are ``left`` to look at.
    """
    left = min(left, high - low)
    for start, stop in pairwise([0, *(step for step in near if step < left), high - low]):
        yield (low + start, low + stop) if order == "asc" else (high - stop, high - start)
