"""Where nodes are: complete nodes by level and index, and the ones that make up a tree or a subtree.

RFC 6962 section 2.1. The shape of a tree depends only on its size, so everything here is arithmetic on integers and
works for sizes up to ``2**63 - 1``, the most that C2SP readers with signed 64-bit integers can hold.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from indelible.errors import UsageError

__all__ = ["MAX_TREE_SIZE", "Node", "check_size", "frontier_nodes", "split_point", "subtree_nodes"]

MAX_TREE_SIZE: Final = 2**63 - 1
"""The largest tree size. Python's integers do not overflow, so this is checked by hand."""


class Node(NamedTuple):
    """The complete node over the leaves ``[index * 2**level, (index + 1) * 2**level)``; level 0 is a leaf hash.

    Once all its leaves exist its hash never changes, and it is the same in every tree that holds it.
    """

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs

    @property
    def start(self) -> int:
        """The first leaf below the node."""
        return self.index << self.level

    @property
    def end(self) -> int:
        """The leaf after the last one below the node."""
        return (self.index + 1) << self.level


def check_size(size: int) -> None:
    """Refuse what cannot be a tree size.

    Raises:
        UsageError: not in ``[0, 2**63)``.
    """
    if not 0 <= size <= MAX_TREE_SIZE:
        raise UsageError(f"a tree has from 0 to 2^63-1 leaves, not {size}")


def split_point(size: int) -> int:
    """The number of leaves in the left half of a tree of ``size > 1`` leaves: the largest power of two below it."""
    return 1 << ((size - 1).bit_length() - 1)


def frontier_nodes(size: int) -> list[Node]:
    """The complete nodes that make up a tree, largest first: one for each 1-bit of ``size``.

    Raises:
        UsageError: ``size`` is not in ``[0, 2**63)``.
    """
    return subtree_nodes(0, size)


def subtree_nodes(start: int, end: int) -> list[Node]:
    """The complete nodes that make up the leaves ``[start, end)`` of a valid subtree, left to right, largest first.

    Raises:
        UsageError: not ``0 <= start <= end < 2**63``, or ``start`` is not aligned to the largest of them.
    """
    check_size(end)
    width = end - start
    if start < 0 or width < 0 or (width and start & ((1 << (width.bit_length() - 1)) - 1)):
        raise UsageError(f"[{start}, {end}) is not a range that complete nodes of falling size can make up")
    nodes = []
    while width:
        level = width.bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
        width -= 1 << level
    return nodes
