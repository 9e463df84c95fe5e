"""Consistency proofs: RFC 9162 sections 2.1.4.1 (what they are made of) and 2.1.4.2 (verification).

The first ``old_size`` leaves of a tree are a subtree that begins at 0, so the proof is the subtree consistency proof of
``[0, old_size)``. What this module adds are the corner cases that the RFC leaves open: equal sizes take an empty proof
and equal roots, and of the empty tree, which every tree extends, nothing is provable and nothing needs proof.

Both sizes and roots must come from signed checkpoints. An old root that the prover supplies proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import ProofError, UsageError
from indelible.merkle.coordinates import MAX_TREE_SIZE, check_size
from indelible.merkle.hashing import EMPTY_ROOT
from indelible.merkle.inclusion import check_hash_lengths
from indelible.merkle.plan import ProofPlan
from indelible.merkle.subtree import plan_subtree_consistency, verify_subtree_consistency

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["plan_consistency", "verify_consistency"]


def plan_consistency(old_size: int, new_size: int) -> ProofPlan:
    """What the proof is made of that a tree extends its older self; of nothing when ``old_size`` is 0 or ``new_size``.

    Raises:
        UsageError: not ``0 <= old_size <= new_size < 2**63``.
    """
    check_size(new_size)
    if not 0 <= old_size <= new_size:
        raise UsageError(
            f"a consistency proof leads from a smaller tree to a larger one, not from {old_size} to {new_size}"
        )
    if old_size in (0, new_size):
        return ProofPlan(())
    return plan_subtree_consistency(0, old_size, new_size)


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree with the new size and root begins with all leaves of the tree with the old ones.

    Raises:
        ProofError: it does not, the proof has a hash too few or too many, a hash has not 32 bytes, a tree of size 0 has
            another root than :data:`EMPTY_ROOT`, or not ``0 <= old_size <= new_size < 2**63``.
    """
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise ProofError(f"a tree of {new_size} cannot extend one of {old_size}")
    check_hash_lengths(old_root, new_root, *proof)
    if 0 < old_size < new_size:
        verify_subtree_consistency(
            start=0, end=old_size, size=new_size, subtree_root=old_root, root=new_root, proof=proof
        )
        return
    if proof:
        raise ProofError(f"from {old_size} to {new_size} leaves there is nothing to prove, but the proof is not empty")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ProofError(f"a tree without leaves has not the root {old_root.hex()}")
    if old_size == new_size and old_root != new_root:
        raise ProofError(f"two trees of {old_size} leaves have the roots {old_root.hex()} and {new_root.hex()}: a fork")
