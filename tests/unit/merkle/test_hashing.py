"""Hashes and roots: RFC 6962 section 2.1."""

from __future__ import annotations

import pytest

from indelible.errors import UsageError
from indelible.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    complete_subtree_root,
    fold,
    frontier_nodes,
    leaf_hash,
    leaf_hashes,
    node_hash,
    tree_root,
)
from tests.unit.merkle import reference
from tests.unit.merkle.trees import numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("merkle")


def test_hashing_has_the_constants_of_the_rfc() -> None:
    """The empty tree, the empty entry and the examples with short children hash as published."""
    constants = VECTORS["constants"]
    leaf, interior = constants["leaf_hash_example"], constants["interior_example_with_short_children"]
    assert constants["empty_root"] == EMPTY_ROOT.hex()
    assert leaf_hash(b"").hex() == constants["leaf_hash_of_empty_entry"]
    assert leaf_hash(leaf["entry_utf8"].encode()).hex() == leaf["hash"]
    assert node_hash(interior["left_utf8"].encode(), interior["right_utf8"].encode()).hex() == interior["hash"]


def test_leaf_hash_separates_entries_from_nodes() -> None:
    """The 64 bytes of two children, recorded as an entry, do not hash to their parent."""
    left, right = leaf_hashes([b"a", b"b"])
    assert leaf_hash(left + right) != node_hash(left, right)


def test_leaf_hashes_gives_the_hash_of_each_entry_in_order() -> None:
    """Many at once are the same as one by one, from any iterable, and leave no trace in each other."""
    entries = [b"", b"\x00", b"a" * 65_535, b"b", b""]
    assert leaf_hashes(iter(entries)) == [leaf_hash(entry) for entry in entries]
    assert leaf_hashes(entries) == [reference.leaf(entry) for entry in entries]
    assert leaf_hashes([]) == []


def test_tree_root_gives_the_roots_of_the_classic_leaves() -> None:
    """The eight leaves of the Certificate Transparency tests have the published roots at every size."""
    leaves = leaf_hashes(bytes.fromhex(leaf) for leaf in VECTORS["set_a"]["leaves_hex"])
    assert [leaf.hex() for leaf in leaves] == VECTORS["set_a"]["leaf_hashes"]
    assert [tree_root(leaves[:size]).hex() for size in range(9)] == VECTORS["set_a"]["roots_by_size"]


@pytest.mark.parametrize("size", [int(size) for size in VECTORS["set_b"]["roots"]])
def test_tree_root_gives_the_roots_of_numbered_leaves(size: int) -> None:
    """Sizes on both sides of each power of two, up to 70,000, have the roots of the vectors."""
    assert tree_root(numbered_leaves(70_000)[:size]).hex() == VECTORS["set_b"]["roots"][str(size)]


def test_tree_root_is_the_recursive_definition() -> None:
    """Level by level comes out as the RFC's halving does, for every size up to 130."""
    leaves = numbered_leaves(130)
    assert [tree_root(leaves[:size]) for size in range(131)] == [reference.root(leaves[:size]) for size in range(131)]


@pytest.mark.parametrize("height", range(9))
def test_complete_subtree_root_is_the_tree_root_of_a_power_of_two(height: int) -> None:
    """On 2^k hashes it is the root of the tree that they make."""
    leaves = numbered_leaves(256)[: 1 << height]
    assert complete_subtree_root(leaves) == reference.root(leaves)


@pytest.mark.parametrize("count", [0, 3, 5, 255, 257])
def test_complete_subtree_root_refuses_what_is_not_complete(count: int) -> None:
    """A number of hashes that is not a power of two has no complete subtree."""
    with pytest.raises(UsageError, match="power of two"):
        complete_subtree_root(numbered_leaves(257)[:count])


def test_fold_combines_complete_subtrees_into_the_root() -> None:
    """The hashes of a frontier, largest first, fold into the root of their tree; nothing folds into the empty root."""
    leaves = numbered_leaves(100)
    for size in range(1, 101):
        parts = [complete_subtree_root(leaves[node.start : node.end]) for node in frontier_nodes(size)]
        assert fold(parts) == reference.root(leaves[:size])
    assert fold([]) == EMPTY_ROOT


def test_hashes_are_32_bytes() -> None:
    """Every function gives hashes of the size that it names."""
    hashes = [leaf_hash(b""), node_hash(b"", b""), EMPTY_ROOT, tree_root(numbered_leaves(3))]
    assert {len(one) for one in hashes} == {HASH_SIZE}
