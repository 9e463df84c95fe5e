"""Subtrees: draft-ietf-plants-merkle-tree-certs, section "Subtrees"."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from indelible.errors import ProofError, UsageError
from indelible.merkle import (
    covering_pair,
    is_valid_subtree,
    plan_consistency,
    plan_inclusion,
    plan_subtree_consistency,
    plan_subtree_inclusion,
    tree_root,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from tests.unit.merkle import reference
from tests.unit.merkle.trees import node_hashes, numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("merkle")["subtrees"]
SMALL = 24
SUBTREES = [(start, end) for end in range(1, SMALL + 1) for start in range(end) if is_valid_subtree(start, end)]


@pytest.mark.parametrize("case", VECTORS["validity"], ids=lambda case: f"{case['start']}-{case['end']}")
def test_is_valid_subtree_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    """The start is a multiple of the smallest power of two that is at least the width."""
    assert is_valid_subtree(case["start"], case["end"]) is case["valid"]


def test_is_valid_subtree_refuses_ranges_beyond_any_tree() -> None:
    """Negative and over-long ranges are no subtrees, however well aligned."""
    assert not is_valid_subtree(-2, 0)
    assert not is_valid_subtree(0, 2**63)
    assert is_valid_subtree(0, 2**63 - 1)


@pytest.mark.parametrize("case", VECTORS["proofs"], ids=lambda case: f"{case['start']}-{case['end']}-of-{case['size']}")
def test_plan_subtree_consistency_gives_the_proofs_of_the_vectors(case: dict[str, Any]) -> None:
    """Each published proof comes out to the byte, and verifies."""
    leaves = numbered_leaves(case["size"])
    plan = plan_subtree_consistency(case["start"], case["end"], case["size"])
    proof = plan.finish(node_hashes(plan.nodes, leaves))
    assert [one.hex() for one in proof] == case["proof"]
    verify_subtree_consistency(
        start=case["start"],
        end=case["end"],
        size=case["size"],
        subtree_root=bytes.fromhex(case["subtree_hash"]),
        root=bytes.fromhex(case["root"]),
        proof=proof,
    )


def test_plan_subtree_consistency_is_the_recursive_definition() -> None:
    """For every valid subtree of every tree up to 24 leaves the proof is the draft's, and it verifies."""
    for size in range(1, SMALL + 1):
        leaves = numbered_leaves(size)
        for start, end in (one for one in SUBTREES if one[1] <= size):
            plan = plan_subtree_consistency(start, end, size)
            proof = plan.finish(node_hashes(plan.nodes, leaves))
            assert list(proof) == reference.subtree_consistency(start, end, leaves)
            subtree_root, root = tree_root(leaves[start:end]), tree_root(leaves)
            verify_subtree_consistency(
                start=start, end=end, size=size, subtree_root=subtree_root, root=root, proof=proof
            )


def test_subtree_consistency_has_the_two_known_proofs_as_limits() -> None:
    """From 0 on it is the consistency proof, one leaf wide it is the inclusion proof."""
    for size in range(2, SMALL + 1):
        for at in range(1, size):
            assert plan_subtree_consistency(0, at, size) == plan_consistency(at, size)
            assert plan_subtree_consistency(at, at + 1, size) == plan_inclusion(at, size)


@pytest.mark.parametrize(("start", "end", "size"), [(0, 3, 7), (4, 8, 14), (8, 13, 14), (8, 13, 16), (12, 13, 13)])
def test_verify_subtree_consistency_refuses_every_single_change(start: int, end: int, size: int) -> None:
    """Another root, another range, and any hash dropped, doubled or altered break the proof."""
    leaves = numbered_leaves(size)
    good: dict[str, Any] = {
        "start": start,
        "end": end,
        "size": size,
        "subtree_root": tree_root(leaves[start:end]),
        "root": tree_root(leaves),
        "proof": reference.subtree_consistency(start, end, leaves),
    }
    verify_subtree_consistency(**good)
    proof = good["proof"]
    changes: list[dict[str, Any]] = [
        {"subtree_root": bytes(32)},
        {"root": bytes(32)},
        {"subtree_root": b""},
        {"root": b""},
        {"proof": [*proof, bytes(32)]},
        {"end": size + 1},
        {"start": start + 1, "end": end + 1},
        *({"proof": [*proof[:at], *proof[at + 1 :]]} for at in range(len(proof))),
        *({"proof": [*proof[:at], bytes(32), *proof[at + 1 :]]} for at in range(len(proof))),
        *({"proof": [*proof[:at], b"", *proof[at + 1 :]]} for at in range(len(proof))),
    ]
    for change in changes:
        with pytest.raises(ProofError):
            verify_subtree_consistency(**{**good, **change})


def test_subtree_inclusion_is_an_inclusion_proof_in_a_log_of_its_own() -> None:
    """Every leaf of every valid subtree up to 24 has the proof that it has in a tree of the subtree's leaves."""
    leaves = numbered_leaves(SMALL)
    for start, end in SUBTREES:
        root = tree_root(leaves[start:end])
        for index in range(start, end):
            plan = plan_subtree_inclusion(index, start, end)
            proof = plan.finish(node_hashes(plan.nodes, leaves))
            assert list(proof) == reference.inclusion(index - start, leaves[start:end])
            verify_subtree_inclusion(
                index=index, start=start, end=end, leaf=leaves[index], proof=proof, subtree_root=root
            )


def test_subtree_inclusion_refuses_leaves_outside() -> None:
    """A leaf that the subtree does not hold, or a range that is none, has neither plan nor proof."""
    for index, start, end in ((3, 4, 8), (8, 4, 8), (6, 6, 9)):
        with pytest.raises(UsageError):
            plan_subtree_inclusion(index, start, end)
        with pytest.raises(ProofError):
            verify_subtree_inclusion(
                index=index, start=start, end=end, leaf=bytes(32), proof=[], subtree_root=bytes(32)
            )


@pytest.mark.parametrize(("start", "end", "size"), [(6, 9, 20), (0, 5, 4), (0, 0, 4), (0, 1, 2**63)])
def test_plan_subtree_consistency_refuses_what_is_no_subtree(start: int, end: int, size: int) -> None:
    """Invalid ranges, and ranges beyond the tree."""
    with pytest.raises(UsageError):
        plan_subtree_consistency(start, end, size)


@pytest.mark.parametrize("case", VECTORS["covering_pair"], ids=lambda case: str(case["interval"]))
def test_covering_pair_agrees_with_the_vectors(case: dict[str, Any]) -> None:
    """Each interval has the published pair."""
    assert [list(one) for one in covering_pair(*case["interval"])] == case["subtrees"]


def test_covering_pair_covers_every_interval() -> None:
    """At most two valid subtrees, side by side, hold every leaf of the interval and end where it ends."""
    for end in range(1, 70):
        for start in range(end):
            subtrees = covering_pair(start, end)
            assert len(subtrees) <= 2
            assert all(is_valid_subtree(*one) for one in subtrees)
            assert all(left.end == right.start for left, right in pairwise(subtrees))
            assert subtrees[0].start <= start < subtrees[0].end
            assert subtrees[-1].end == end


@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 3), (-1, 2), (0, 2**63)])
def test_covering_pair_refuses_what_is_no_interval(start: int, end: int) -> None:
    """Empty, reversed and impossible ranges."""
    with pytest.raises(UsageError):
        covering_pair(start, end)
