"""Ids as columns of numbers: split, sorted, hashed. Pure, and vectorised: a batch costs a few array operations.

An id is 128 bits. *low* is its last 8 bytes, which in a UUIDv7 are random, *high* its first 8, in which time comes
first; both are read as big-endian numbers. Ids are sorted by low, then high, so that in ordinary data the low half
alone leads to an id. Nobody can rely on that, since whoever sends ids chooses them: every step is logarithmic for any
ids at all.

numpy lets go of the interpreter's lock in the steps that are long.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ID_SIZE", "U32", "U64", "Int64", "Keys", "insertion_points", "keys_of", "sort_order"]

U64: TypeAlias = NDArray[np.uint64]
U32: TypeAlias = NDArray[np.uint32]
Int64: TypeAlias = NDArray[np.int64]

ID_SIZE = 16
_JOINED = 8_192  # ids joined at a time: bytes.join keeps the interpreter's lock


@dataclass(frozen=True, slots=True)
class Keys:
    """Some ids: their low and high halves, at the same positions."""

    low: U64
    high: U64

    def __len__(self) -> int:
        return len(self.low)

    def take(self, positions: Int64) -> Keys:
        """The ids at these positions."""
        return Keys(self.low[positions], self.high[positions])

    def hashes(self) -> U64:
        """64 well-mixed bits of each id: splitmix64's finaliser over the high half, then over the sum with the low."""
        return _mix(self.low + _mix(self.high))


def keys_of(ids: Collection[bytes]) -> Keys:
    """Split ids of 16 bytes."""
    source = iter(ids)
    parts = []
    while part := b"".join(islice(source, _JOINED)):
        parts.append(part)
    halves = np.frombuffer(b"".join(parts), dtype=">u8").reshape(-1, 2)
    return Keys(halves[:, 1].astype(np.uint64), halves[:, 0].astype(np.uint64))


def sort_order(keys: Keys) -> Int64:
    """The positions of the ids, in the order of their halves."""
    order = np.argsort(keys.low)
    low = keys.low[order]
    if bool((low[1:] == low[:-1]).any()):
        order = np.lexsort((keys.high, keys.low))
    return order.astype(np.int64, copy=False)


def insertion_points(column: Keys, wanted: Keys) -> Int64:
    """Where each wanted id stands in sorted columns, or would stand."""
    left = np.searchsorted(column.low, wanted.low, side="left").astype(np.int64, copy=False)
    right = np.searchsorted(column.low, wanted.low, side="right").astype(np.int64, copy=False)
    # Ids that share a low half are sorted by the high one: bisect among them, all wanted ids at once.
    while (open_ := np.flatnonzero(left < right)).size:
        middle = (left[open_] + right[open_]) // 2
        before = column.high[middle] < wanted.high[open_]
        left[open_[before]] = middle[before] + 1
        right[open_[~before]] = middle[~before]
    return left


def _mix(numbers: U64) -> U64:
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
