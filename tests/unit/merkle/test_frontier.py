"""The frontier: what it takes to append."""

from __future__ import annotations

import pytest

from indelible.errors import UsageError
from indelible.merkle import EMPTY_ROOT, MAX_TREE_SIZE, Frontier, Hash, complete_subtree_root, frontier_nodes, leaf_hash
from tests.unit.merkle import reference
from tests.unit.merkle.trees import SparseTree, numbered_leaves


def test_frontier_of_nothing_has_the_empty_root() -> None:
    """A log without entries has a root too."""
    assert Frontier().root() == EMPTY_ROOT


def test_frontier_append_gives_every_root_on_the_way() -> None:
    """Leaf by leaf, the root is that of the recursive definition, and the hashes are those of the frontier's nodes."""
    leaves = numbered_leaves(130)
    frontier = Frontier()
    for size in range(1, 131):
        frontier = frontier.append(leaves[size - 1])
        assert frontier.size == size
        assert frontier.root() == reference.root(leaves[:size])
        assert list(frontier.hashes) == [complete_subtree_root(leaves[n.start : n.end]) for n in frontier_nodes(size)]


@pytest.mark.parametrize("before", [*range(18), 31, 33, 63, 64, 65])
@pytest.mark.parametrize("more", [0, 1, 2, 3, 7, 8, 9, 64, 65])
def test_frontier_extend_is_append_repeated(before: int, more: int) -> None:
    """Many leaves at once give the same frontier as one after the other, from any size on."""
    leaves = numbered_leaves(130)
    start = Frontier().extend(leaves[:before])
    one_by_one = start
    for leaf in leaves[before : before + more]:
        one_by_one = one_by_one.append(leaf)
    assert start.extend(leaves[before : before + more]) == one_by_one


def test_frontier_is_a_value() -> None:
    """Extending leaves the old frontier as it was."""
    start = Frontier().extend(numbered_leaves(5))
    start.extend(numbered_leaves(3))
    assert start == Frontier().extend(numbered_leaves(5))


def test_frontier_works_at_the_end_of_the_range() -> None:
    """The last leaf that fits is appended, one more is refused."""
    tree = SparseTree(MAX_TREE_SIZE, {MAX_TREE_SIZE - 1})
    almost = Frontier(MAX_TREE_SIZE - 1, tuple(tree.hash(node) for node in frontier_nodes(MAX_TREE_SIZE - 1)))
    full = almost.append(tree.leaf(MAX_TREE_SIZE - 1))
    assert full.root() == tree.root()
    with pytest.raises(UsageError, match="2\\^63-1"):
        full.append(leaf_hash(b"one too many"))


def test_frontier_refuses_hashes_that_do_not_fit_its_size() -> None:
    """A frontier that was put together wrongly is noticed at once."""
    with pytest.raises(UsageError, match="2 subtrees"):
        Frontier(3, (Hash(bytes(32)),))
