"""Inclusion proofs: RFC 9162 section 2.1.3."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import ProofError, UsageError
from indelible.merkle import (
    Hash,
    leaf_hash,
    leaf_hashes,
    node_hash,
    plan_inclusion,
    tree_root,
    verify_inclusion,
    verify_subtree_consistency,
)
from tests.unit.merkle import reference
from tests.unit.merkle.trees import node_hashes, numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("merkle")
CLASSIC = tuple(leaf_hashes(bytes.fromhex(leaf) for leaf in VECTORS["set_a"]["leaves_hex"]))
POSITIVE = [
    *(
        pytest.param(CLASSIC, case, id=f"classic-{case['index']}-of-{case['size']}")
        for case in VECTORS["set_a"]["inclusion"]
    ),
    *(
        pytest.param(numbered_leaves(70_000), case, id=f"numbered-{case['index']}-of-{case['size']}")
        for case in VECTORS["set_b"]["inclusion"]
    ),
]
NEGATIVE = [case for case in VECTORS["must_reject"] if case["kind"] == "inclusion"]
AMBIGUOUS = VECTORS["position_is_not_bound_by_the_root_alone"]["cases"]


def unhex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in hashes]


@pytest.mark.parametrize(("leaves", "case"), POSITIVE)
def test_plan_inclusion_gives_the_proofs_of_the_vectors(leaves: tuple[Hash, ...], case: dict[str, Any]) -> None:
    """Plan, fetch and finish yield each published proof to the byte, and it verifies."""
    index, size = case["index"], case["size"]
    plan = plan_inclusion(index, size)
    proof = plan.finish(node_hashes(plan.nodes, leaves))
    assert [one.hex() for one in proof] == case["proof"]
    verify_inclusion(index=index, size=size, leaf=leaves[index], proof=proof, root=tree_root(leaves[:size]))


@pytest.mark.parametrize("case", NEGATIVE, ids=lambda case: case["why"])
def test_verify_inclusion_refuses_each_negative_vector(case: dict[str, Any]) -> None:
    """Truncated, padded, reordered, flipped and misplaced proofs do not verify."""
    with pytest.raises(ProofError):
        verify_inclusion(
            index=case["index"],
            size=case["size"],
            leaf=bytes.fromhex(case["leaf_hash"]),
            proof=unhex(case["proof"]),
            root=bytes.fromhex(case["root"]),
        )


def test_plan_inclusion_is_the_recursive_definition() -> None:
    """For every leaf of every tree up to 40 leaves the proof is the RFC's, and both verifiers accept it."""
    for size in range(1, 41):
        leaves = numbered_leaves(size)
        root = tree_root(leaves)
        for index in range(size):
            plan = plan_inclusion(index, size)
            proof = plan.finish(node_hashes(plan.nodes, leaves))
            assert list(proof) == reference.inclusion(index, leaves)
            verify_inclusion(index=index, size=size, leaf=leaves[index], proof=proof, root=root)
            assert reference.includes(index, size, leaves[index], proof, root)


def test_plan_inclusion_has_the_length_that_the_position_gives() -> None:
    """With i = bit_length(index xor (size - 1)), a proof has i + popcount(index >> i) hashes."""
    for size in range(1, 200):
        for index in range(size):
            i = (index ^ (size - 1)).bit_length()
            assert len(plan_inclusion(index, size).steps) == i + (index >> i).bit_count()


@pytest.mark.parametrize("case", AMBIGUOUS, ids=lambda case: f"{case['true_position']} as {case['also_verifies_as']}")
def test_verify_inclusion_binds_a_position_only_with_a_trusted_size(case: dict[str, Any]) -> None:
    """The same proof verifies at a second position of another size: why size and index never come from the prover."""
    for position in (case["true_position"], case["also_verifies_as"]):
        verify_inclusion(
            index=position["index"],
            size=position["size"],
            leaf=bytes.fromhex(case["leaf_hash"]),
            proof=unhex(case["proof"]),
            root=bytes.fromhex(case["root"]),
        )


def test_verify_inclusion_refuses_another_index_of_the_same_tree() -> None:
    """In a tree of trusted size a proof is good at one index only."""
    size = 13
    leaves = numbered_leaves(size)
    root = tree_root(leaves)
    for index in range(size):
        proof = reference.inclusion(index, leaves)
        for other in set(range(-1, size + 2)) - {index}:
            with pytest.raises(ProofError):
                verify_inclusion(index=other, size=size, leaf=leaves[index], proof=proof, root=root)


@pytest.mark.parametrize("bad", [b"", b"\x00" * 31, b"\x00" * 33])
def test_verify_inclusion_refuses_hashes_of_other_lengths(bad: bytes) -> None:
    """An empty hash as leaf and root would pass the bare algorithm; leaf, root and every element are measured."""
    good = leaf_hash(b"")
    with pytest.raises(ProofError, match="32 bytes"):
        verify_inclusion(index=0, size=1, leaf=bad, proof=[], root=bad)
    with pytest.raises(ProofError, match="32 bytes"):
        verify_inclusion(index=0, size=2, leaf=good, proof=[bad], root=good)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (3, 3), (0, 2**63), (2**63, 2**63)])
def test_inclusion_refuses_positions_outside_a_tree(index: int, size: int) -> None:
    """No plan and no proof for a leaf that no tree has."""
    with pytest.raises(UsageError):
        plan_inclusion(index, size)
    with pytest.raises(ProofError):
        verify_inclusion(index=index, size=size, leaf=bytes(32), proof=[], root=bytes(32))


def test_verify_inclusion_refuses_a_proof_that_is_too_long_but_leads_to_the_root() -> None:
    """Whoever chooses the root can make any number of hashes lead to it; the size says how many there are."""
    leaf, other = numbered_leaves(2)
    for index, size, root in ((0, 1, node_hash(other, leaf)), (0, 1, node_hash(leaf, other))):
        with pytest.raises(ProofError, match="too many"):
            verify_inclusion(index=index, size=size, leaf=leaf, proof=[other], root=root)


def test_verify_inclusion_refuses_a_proof_that_is_too_short_but_leads_to_the_root() -> None:
    """A node of the tree passed off as its root has a shorter proof; the size says how long it is."""
    leaves = numbered_leaves(4)
    with pytest.raises(ProofError, match="lacks"):
        verify_inclusion(index=0, size=4, leaf=leaves[0], proof=leaves[1:2], root=tree_root(leaves[:2]))


def test_inclusion_ends_at_the_largest_tree() -> None:
    """A right proof in a tree of 2^63 leaves, one more than there may be, is refused all the same."""
    path = [numbered_leaves(1)[0]]
    while len(path) < 64:
        path.append(node_hash(path[-1], path[-1]))
    assert reference.includes(0, 2**63, path[0], path[:63], path[63])
    with pytest.raises(ProofError, match="no leaf"):
        verify_inclusion(index=0, size=2**63, leaf=path[0], proof=path[:63], root=path[63])
    with pytest.raises(ProofError, match="not a subtree"):
        verify_subtree_consistency(start=0, end=1, size=2**63, subtree_root=path[0], root=path[63], proof=path[:63])


def test_proof_plan_says_which_hash_is_missing() -> None:
    """A fetch that came back short is named, not answered with a wrong proof."""
    plan = plan_inclusion(0, 3)
    hashes = node_hashes(plan.nodes, numbered_leaves(3))
    del hashes[plan.nodes[-1]]
    with pytest.raises(UsageError, match="level=0, index=2"):
        plan.finish(hashes)


def test_proof_plan_needs_each_node_once() -> None:
    """No node stands in a plan twice, so that each is fetched once."""
    for size in range(1, 70):
        for index in range(size):
            nodes = plan_inclusion(index, size).nodes
            assert len(nodes) == len(set(nodes))
