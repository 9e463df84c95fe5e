"""Laws of the Merkle core, for trees of every size up to 2^63-1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import ProofError
from indelible.merkle import (
    MAX_TREE_SIZE,
    Frontier,
    covering_pair,
    frontier_nodes,
    is_valid_subtree,
    leaf_hashes,
    plan_consistency,
    plan_inclusion,
    plan_subtree_consistency,
    tree_root,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
)
from tests.unit.merkle import reference
from tests.unit.merkle.trees import SparseTree

# Uniform sizes are nearly always huge: half of the draws choose the number of bits first.
sizes = st.integers(1, 63).flatmap(lambda bits: st.integers(1, 2**bits - 1)) | st.integers(1, MAX_TREE_SIZE)
entries = st.lists(st.binary(max_size=40), max_size=80)


@st.composite
def positions(draw: st.DrawFn) -> tuple[int, int]:
    """A leaf and the size of a tree that holds it."""
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def subtrees(draw: st.DrawFn) -> tuple[int, int, int]:
    """A valid subtree and the size of a tree that holds it."""
    size = draw(sizes)
    height = draw(st.integers(0, size.bit_length() - 1))
    start = draw(st.integers(0, (size - 1) >> height)) << height
    end = draw(st.integers(start + 1, min(start + (1 << height), size)))
    return start, end, size


@given(positions(), st.data())
def test_inclusion_holds_at_the_leaf_and_nowhere_else(position: tuple[int, int], data: st.DataObject) -> None:
    """The planned proof verifies, also by the RFC's own loop; at another index, or with a change, it does not."""
    index, size = position
    tree = SparseTree(size, {index})
    plan = plan_inclusion(index, size)
    proof = plan.finish(tree.hashes(plan.nodes))
    leaf, root = tree.leaf(index), tree.root()
    assert len(proof) <= 63
    verify_inclusion(index=index, size=size, leaf=leaf, proof=proof, root=root)
    assert reference.includes(index, size, leaf, proof, root)
    if size > 1:
        other = data.draw(st.integers(0, size - 1).filter(lambda at: at != index))
        with pytest.raises(ProofError):
            verify_inclusion(index=other, size=size, leaf=leaf, proof=proof, root=root)
        at = data.draw(st.integers(0, len(proof) - 1))
        for changed in (
            [*proof[:at], *proof[at + 1 :]],
            [*proof[:at], bytes(32), *proof[at + 1 :]],
            [*proof, proof[at]],
        ):
            with pytest.raises(ProofError):
                verify_inclusion(index=index, size=size, leaf=leaf, proof=changed, root=root)


@given(positions(), st.data())
def test_consistency_ties_the_old_tree_into_the_new_one(position: tuple[int, int], data: st.DataObject) -> None:
    """The planned proof verifies, also by the RFC's own loop; once a leaf of the old tree has changed, it does not."""
    altered, new = position
    old = data.draw(st.integers(1, new))
    tree = SparseTree(new, {altered})
    plan = plan_consistency(old, new)
    proof = plan.finish(tree.hashes(plan.nodes))
    old_root, new_root = tree.root(0, old), tree.root()
    assert len(proof) <= 64  # one a level below 2^63, and the old tree's own right edge where that is no power of two
    verify_consistency(old_size=old, new_size=new, old_root=old_root, new_root=new_root, proof=proof)
    if old < new:
        assert reference.extends(old, new, old_root, new_root, proof)
    if altered < old:
        forked_root = SparseTree(old, ()).root()
        with pytest.raises(ProofError):
            verify_consistency(old_size=old, new_size=new, old_root=forked_root, new_root=new_root, proof=proof)


@given(subtrees())
def test_subtree_consistency_ties_the_subtree_into_the_tree(subtree: tuple[int, int, int]) -> None:
    """Every valid subtree has a proof that verifies, and that does not verify for other leaves."""
    start, end, size = subtree
    assert is_valid_subtree(start, end)
    tree = SparseTree(size, {start, end - 1})
    plan = plan_subtree_consistency(start, end, size)
    proof = plan.finish(tree.hashes(plan.nodes))
    assert len(proof) <= 64  # as above: the subtree has a right edge of its own
    subtree_root, root = tree.root(start, end), tree.root()
    verify_subtree_consistency(start=start, end=end, size=size, subtree_root=subtree_root, root=root, proof=proof)
    altered = SparseTree(size, {start}).root(start, end) if end - start > 1 else SparseTree(size, ()).leaf(start)
    with pytest.raises(ProofError):
        verify_subtree_consistency(start=start, end=end, size=size, subtree_root=altered, root=root, proof=proof)


@given(st.integers(0, MAX_TREE_SIZE), st.integers(0, MAX_TREE_SIZE))
def test_covering_pair_holds_every_interval(one: int, other: int) -> None:
    """One or two valid subtrees side by side hold the interval and end with it."""
    start, end = min(one, other), max(one, other)
    if start == end:
        return
    pair = covering_pair(start, end)
    assert all(is_valid_subtree(*subtree) for subtree in pair)
    assert pair[0].start <= start
    assert pair[-1].end == end
    assert len(pair) == 1 or pair[0].end == pair[1].start


@given(st.lists(entries, max_size=6))
def test_frontier_does_not_depend_on_how_leaves_arrive(groups: list[list[bytes]]) -> None:
    """Groups of any sizes give the frontier, and the root, that all leaves at once give."""
    frontier = Frontier()
    for group in groups:
        frontier = frontier.extend(leaf_hashes(group))
    leaves = leaf_hashes(entry for group in groups for entry in group)
    assert frontier == Frontier().extend(leaves)
    assert frontier.root() == tree_root(leaves) == reference.root(leaves)


@given(positions())
def test_frontier_goes_on_from_any_size(position: tuple[int, int]) -> None:
    """Appending to a frontier of any size gives the root that the tree has one leaf later."""
    index, _ = position
    tree = SparseTree(index + 1, {index})
    frontier = Frontier(index, tuple(tree.hash(node) for node in frontier_nodes(index)))
    assert frontier.append(tree.leaf(index)).root() == tree.root()
