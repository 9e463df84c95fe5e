"""Which complete nodes make up a tree or a subtree."""

from __future__ import annotations

import pytest

from indelible.errors import UsageError
from indelible.merkle import MAX_TREE_SIZE, Node, frontier_nodes, subtree_nodes


def test_node_covers_an_aligned_range() -> None:
    """Level and index name the leaves [index * 2^level, (index + 1) * 2^level)."""
    assert (Node(0, 7).start, Node(0, 7).end) == (7, 8)
    assert (Node(3, 2).start, Node(3, 2).end) == (16, 24)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 70_000, 2**62, MAX_TREE_SIZE])
def test_frontier_nodes_tile_the_tree_from_left_to_right(size: int) -> None:
    """One node for each 1-bit of the size, falling in level, without gap or overlap."""
    nodes = frontier_nodes(size)
    assert len(nodes) == size.bit_count()
    assert [node.start for node in nodes] == [0, *(node.end for node in nodes)][: len(nodes)]
    assert (nodes[-1].end if nodes else 0) == size
    assert [node.level for node in nodes] == sorted({node.level for node in nodes}, reverse=True)


def test_subtree_nodes_of_a_range_beyond_the_start() -> None:
    """A subtree is made up like a tree of its own, at its place."""
    assert subtree_nodes(8, 13) == [Node(2, 2), Node(0, 12)]
    assert subtree_nodes(4, 4) == []


@pytest.mark.parametrize(("start", "end"), [(1, 3), (5, 8), (-1, 0), (5, 4), (0, 2**63), (2**63, 2**63 + 1)])
def test_subtree_nodes_refuses_other_ranges(start: int, end: int) -> None:
    """A range that begins inside its own largest node, or beyond any tree, is refused."""
    with pytest.raises(UsageError):
        subtree_nodes(start, end)


@pytest.mark.parametrize("size", [-1, 2**63])
def test_frontier_nodes_refuses_impossible_sizes(size: int) -> None:
    """Python's integers do not overflow, so the bound is checked."""
    with pytest.raises(UsageError, match="2\\^63-1"):
        frontier_nodes(size)
