"""Inclusion proofs: RFC 9162 sections 2.1.3.1 (what they are made of) and 2.1.3.2 (verification).

A root and a proof do not fix a position: the proof of leaf 0 of 3 verifies as leaf 0 of 4 too. The size must come from
the signed checkpoint, and the index from whoever asks, never from the prover alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import ProofError, UsageError
from indelible.merkle.coordinates import MAX_TREE_SIZE, check_size, split_point, subtree_nodes
from indelible.merkle.hashing import HASH_SIZE, node_hash
from indelible.merkle.plan import ProofPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.merkle.coordinates import Node

__all__ = ["check_hash_lengths", "plan_inclusion", "verify_inclusion"]


def plan_inclusion(index: int, size: int) -> ProofPlan:
    """What the proof is made of that leaf ``index`` is in the tree of ``size`` leaves, sibling of the leaf first.

    Raises:
        UsageError: not ``0 <= index < size < 2**63``.
    """
    check_size(size)
    if not 0 <= index < size:
        raise UsageError(f"there is no leaf {index} in a tree of {size}")
    steps: list[tuple[Node, ...]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split_point(end - start)
        if index < middle:
            steps.append(tuple(subtree_nodes(middle, end)))
            end = middle
        else:
            steps.append(tuple(subtree_nodes(start, middle)))
            start = middle
    steps.reverse()
    return ProofPlan(tuple(steps))


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with hash ``leaf`` is leaf ``index`` of the tree with ``size`` leaves and this root.

    Raises:
        ProofError: it is not, the proof has a hash too few or too many, a hash has not 32 bytes, or not
            ``0 <= index < size < 2**63``.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    check_hash_lengths(leaf, root, *proof)
    # RFC 9162 section 2.1.3.2; the names are its fn, sn and r.
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"the proof for leaf {index} of {size} has a hash too many")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise ProofError(f"the proof for leaf {index} of {size} lacks a hash")
    if computed != root:
        raise ProofError(f"leaf {index} of {size}: the proof leads to the root {computed.hex()}, not {root.hex()}")


def check_hash_lengths(*hashes: bytes) -> None:
    """Refuse a hash that is none: the bare algorithm of the RFC would accept an empty one as leaf and root.

    Raises:
        ProofError: not every one has 32 bytes.
    """
    for candidate in hashes:
        if len(candidate) != HASH_SIZE:
            raise ProofError(f"a hash has {HASH_SIZE} bytes, not {len(candidate)}")
