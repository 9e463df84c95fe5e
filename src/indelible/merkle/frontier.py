"""The frontier of a tree: its complete subtrees from left to right, which is all that appending needs.

RFC 9162 section 2.1.2. One hash for each 1-bit of the size, so 63 hashes at most, whatever the tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from indelible.errors import UsageError
from indelible.merkle.coordinates import check_size
from indelible.merkle.hashing import fold, pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.merkle.hashing import Hash

__all__ = ["Frontier"]


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree reduced to what it takes to append to it and to know its root.

    Attributes:
        size: Number of leaves, in ``[0, 2**63)``.
        hashes: The hashes of the complete subtrees, largest first; their nodes are ``frontier_nodes(size)``.

    Raises:
        UsageError: the number of hashes is not the number of 1-bits in ``size``.
    """

    size: int = 0
    hashes: tuple[Hash, ...] = ()

    def __post_init__(self) -> None:
        check_size(self.size)
        if len(self.hashes) != self.size.bit_count():
            raise UsageError(
                f"a tree of {self.size} leaves has {self.size.bit_count()} subtrees, not {len(self.hashes)}"
            )

    def root(self) -> Hash:
        """The root of the tree."""
        return fold(self.hashes)

    def append(self, leaf: Hash) -> Self:
        """The frontier after one more leaf, given by its leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Sequence[Hash]) -> Self:
        """The frontier after more leaves, given by their leaf hashes.

        Works a level at a time: the hash that waits at a level, where the size has a 1-bit, comes before the new ones,
        so the row always begins at an even index; its pairs go up, and an odd last one waits.

        Raises:
            UsageError: the tree would have more than ``2**63 - 1`` leaves.
        """
        waiting = list(self.hashes)  # the smallest is last
        row: Sequence[Hash] = leaves
        frontier: list[Hash] = []
        level = 0
        while row:
            if self.size >> level & 1:
                row = [waiting.pop(), *row]
            if len(row) % 2:
                frontier.append(row[-1])
            row = pair(row)
            level += 1
        frontier.reverse()
        return type(self)(self.size + len(leaves), (*waiting, *frontier))
