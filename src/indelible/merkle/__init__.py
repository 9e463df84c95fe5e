"""RFC 6962 and RFC 9162 Merkle tree arithmetic over SHA-256: hashes, proofs, and the plans that say what to fetch.

Proof code comes in three steps: a *plan* names the complete nodes that are needed, somebody fetches them, and the plan
*finishes* with their hashes. Verification takes values only. Nothing here does I/O, and nothing here knows tiles.

What is complete never changes: a :class:`Node` covers ``2**level`` leaves, aligned, so it has the same hash in every
tree that is large enough to hold it. What is not complete, on a tree's right edge, is folded anew for each size.
"""

from __future__ import annotations

from indelible.merkle.consistency import plan_consistency, verify_consistency
from indelible.merkle.coordinates import MAX_TREE_SIZE, Node, frontier_nodes, subtree_nodes
from indelible.merkle.frontier import Frontier
from indelible.merkle.hashing import (
    EMPTY_ROOT,
    HASH_SIZE,
    Hash,
    complete_subtree_root,
    fold,
    leaf_hash,
    leaf_hashes,
    node_hash,
    tree_root,
)
from indelible.merkle.inclusion import plan_inclusion, verify_inclusion
from indelible.merkle.plan import ProofPlan
from indelible.merkle.subtree import (
    Subtree,
    covering_pair,
    is_valid_subtree,
    plan_subtree_consistency,
    plan_subtree_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "MAX_TREE_SIZE",
    "Frontier",
    "Hash",
    "Node",
    "ProofPlan",
    "Subtree",
    "complete_subtree_root",
    "covering_pair",
    "fold",
    "frontier_nodes",
    "is_valid_subtree",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "plan_consistency",
    "plan_inclusion",
    "plan_subtree_consistency",
    "plan_subtree_inclusion",
    "subtree_nodes",
    "tree_root",
    "verify_consistency",
    "verify_inclusion",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]
