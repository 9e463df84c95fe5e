"""Consistency proofs: RFC 9162 section 2.1.4, and its corner cases."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import ProofError, UsageError
from indelible.merkle import EMPTY_ROOT, Hash, leaf_hashes, plan_consistency, tree_root, verify_consistency
from tests.unit.merkle import reference
from tests.unit.merkle.trees import node_hashes, numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("merkle")
CLASSIC = tuple(leaf_hashes(bytes.fromhex(leaf) for leaf in VECTORS["set_a"]["leaves_hex"]))


def name(case: dict[str, Any]) -> str:
    return f"{case['old_size']}-to-{case['new_size']}"


POSITIVE = [
    *(pytest.param(CLASSIC, case, id=f"classic-{name(case)}") for case in VECTORS["set_a"]["consistency"]),
    *(
        pytest.param(numbered_leaves(70_000), case, id=f"numbered-{name(case)}")
        for case in VECTORS["set_b"]["consistency"]
    ),
]
NEGATIVE = [case for case in VECTORS["must_reject"] if case["kind"] == "consistency"]


@pytest.mark.parametrize(("leaves", "case"), POSITIVE)
def test_plan_consistency_gives_the_proofs_of_the_vectors(leaves: tuple[Hash, ...], case: dict[str, Any]) -> None:
    """Plan, fetch and finish yield each published proof to the byte, and it verifies."""
    old, new = case["old_size"], case["new_size"]
    plan = plan_consistency(old, new)
    proof = plan.finish(node_hashes(plan.nodes, leaves))
    assert [one.hex() for one in proof] == case["proof"]
    verify_consistency(
        old_size=old, new_size=new, old_root=tree_root(leaves[:old]), new_root=tree_root(leaves[:new]), proof=proof
    )


@pytest.mark.parametrize("case", NEGATIVE, ids=lambda case: case["why"])
def test_verify_consistency_refuses_each_negative_vector(case: dict[str, Any]) -> None:
    """Forks, swapped roots, truncated and padded proofs do not verify."""
    with pytest.raises(ProofError):
        verify_consistency(
            old_size=case["old_size"],
            new_size=case["new_size"],
            old_root=bytes.fromhex(case["old_root"]),
            new_root=bytes.fromhex(case["new_root"]),
            proof=[bytes.fromhex(one) for one in case["proof"]],
        )


def test_plan_consistency_is_the_recursive_definition() -> None:
    """For every pair of sizes up to 40 the proof is the RFC's, and both verifiers accept it."""
    leaves = numbered_leaves(40)
    roots = [tree_root(leaves[:size]) for size in range(41)]
    for new in range(2, 41):
        for old in range(1, new):
            plan = plan_consistency(old, new)
            proof = plan.finish(node_hashes(plan.nodes, leaves))
            assert list(proof) == reference.consistency(old, leaves[:new])
            verify_consistency(old_size=old, new_size=new, old_root=roots[old], new_root=roots[new], proof=proof)
            assert reference.extends(old, new, roots[old], roots[new], proof)


def test_verify_consistency_refuses_every_single_change() -> None:
    """Any hash dropped, doubled or altered, and any other size, breaks the proof."""
    leaves = numbered_leaves(13)
    roots = [tree_root(leaves[:size]) for size in range(14)]
    for old, new in ((1, 2), (3, 7), (4, 7), (6, 13), (8, 13), (12, 13)):
        proof = reference.consistency(old, leaves[:new])
        altered = [[*proof[:at], bytes(32), *proof[at + 1 :]] for at in range(len(proof))]
        dropped = [[*proof[:at], *proof[at + 1 :]] for at in range(len(proof))]
        doubled = [[*proof[:at], proof[at], *proof[at:]] for at in range(len(proof))]
        for changed in (*altered, *dropped, *doubled, []):
            with pytest.raises(ProofError):
                verify_consistency(old_size=old, new_size=new, old_root=roots[old], new_root=roots[new], proof=changed)


def test_verify_consistency_lets_every_tree_extend_the_empty_one() -> None:
    """From size 0 nothing is provable: an empty proof, and the empty root."""
    root = tree_root(numbered_leaves(3))
    assert plan_consistency(0, 3).nodes == ()
    verify_consistency(old_size=0, new_size=3, old_root=EMPTY_ROOT, new_root=root, proof=[])
    verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    with pytest.raises(ProofError, match="not empty"):
        verify_consistency(old_size=0, new_size=3, old_root=EMPTY_ROOT, new_root=root, proof=[root])
    with pytest.raises(ProofError, match="without leaves"):
        verify_consistency(old_size=0, new_size=3, old_root=root, new_root=root, proof=[])
    with pytest.raises(ProofError, match="fork"):
        verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=root, proof=[])


def test_verify_consistency_of_equal_sizes_compares_roots() -> None:
    """The same size has the same root and an empty proof, or it is a fork."""
    root, other = tree_root(numbered_leaves(3)), tree_root(numbered_leaves(4))
    assert plan_consistency(3, 3).nodes == ()
    verify_consistency(old_size=3, new_size=3, old_root=root, new_root=root, proof=[])
    with pytest.raises(ProofError, match="fork"):
        verify_consistency(old_size=3, new_size=3, old_root=root, new_root=other, proof=[])


@pytest.mark.parametrize("bad", [b"", b"\x00" * 31, b"\x00" * 33])
def test_verify_consistency_refuses_hashes_of_other_lengths(bad: bytes) -> None:
    """Roots and elements are measured, for equal sizes too."""
    for old, new, proof in ((3, 3, []), (3, 7, [bad])):
        with pytest.raises(ProofError, match="32 bytes"):
            verify_consistency(old_size=old, new_size=new, old_root=bad, new_root=bad, proof=proof)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3), (1, 2**63), (2**63, 2**63)])
def test_consistency_refuses_impossible_sizes(old: int, new: int) -> None:
    """A tree neither shrinks nor exceeds 2^63-1 leaves."""
    with pytest.raises(UsageError):
        plan_consistency(old, new)
    with pytest.raises(ProofError):
        verify_consistency(old_size=old, new_size=new, old_root=bytes(32), new_root=bytes(32), proof=[])
