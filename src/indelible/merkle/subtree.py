"""Subtrees ``[start, end)`` of a tree: draft-ietf-plants-merkle-tree-certs, section "Subtrees".

C2SP uses them in tlog-mirror, in sign-subtree of tlog-witness and in the ML-DSA-44 cosignature of tlog-cosignature.

A subtree is valid when ``start`` is a multiple of the smallest power of two that is at least its width. Its root is the
ordinary tree root over its leaves, as if they were a log of their own. From 0 on it is a tree's older self, and its
consistency proof is that of RFC 9162; one leaf wide, its consistency proof is that leaf's inclusion proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from indelible.errors import ProofError, UsageError
from indelible.merkle.coordinates import MAX_TREE_SIZE, Node, check_size, split_point, subtree_nodes
from indelible.merkle.hashing import node_hash
from indelible.merkle.inclusion import check_hash_lengths, plan_inclusion, verify_inclusion
from indelible.merkle.plan import ProofPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Subtree",
    "covering_pair",
    "is_valid_subtree",
    "plan_subtree_consistency",
    "plan_subtree_inclusion",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]


class Subtree(NamedTuple):
    """The leaves ``[start, end)`` of a tree."""

    start: int
    end: int


def is_valid_subtree(start: int, end: int) -> bool:
    """Whether ``[start, end)`` is a valid subtree of some tree of at most ``2**63 - 1`` leaves."""
    if not 0 <= start < end <= MAX_TREE_SIZE:
        return False
    alignment = 1 << (end - start - 1).bit_length()
    return start % alignment == 0


def covering_pair(start: int, end: int) -> tuple[Subtree, ...]:
    """One or two valid subtrees that lie side by side, end at ``end``, and hold every leaf of ``[start, end)``.

    The left one may begin before ``start``. No valid subtree that is much narrower holds the same leaves.

    Raises:
        UsageError: not ``0 <= start < end < 2**63``.
    """
    if not 0 <= start < end <= MAX_TREE_SIZE:
        raise UsageError(f"[{start}, {end}) is not a range of leaves")
    last = end - 1
    if start == last:
        return (Subtree(start, end),)
    # The highest bit in which first and last leaf differ is where the tree separates them.
    level = (start ^ last).bit_length() - 1
    middle = last >> level << level
    alignment = (middle - 1 - start).bit_length()
    return Subtree(start >> alignment << alignment, middle), Subtree(middle, end)


def plan_subtree_inclusion(index: int, start: int, end: int) -> ProofPlan:
    """What the proof is made of that leaf ``index`` of the log is in the subtree ``[start, end)``.

    Raises:
        UsageError: not a valid subtree, or the leaf is not in it.
    """
    _check_subtree(start, end)
    within = plan_inclusion(index - start, end - start)
    return ProofPlan(tuple(tuple(Node(level, at + (start >> level)) for level, at in step) for step in within.steps))


def verify_subtree_inclusion(
    *, index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], subtree_root: bytes
) -> None:
    """Check that leaf ``index`` of the log has this hash, given the root of the subtree ``[start, end)``.

    Raises:
        ProofError: it is not, the proof is malformed, or ``[start, end)`` is not a valid subtree.
    """
    if not is_valid_subtree(start, end):
        raise ProofError(f"[{start}, {end}) is not a valid subtree")
    verify_inclusion(index=index - start, size=end - start, leaf=leaf, proof=proof, root=subtree_root)


def plan_subtree_consistency(start: int, end: int, size: int) -> ProofPlan:
    """What the proof is made of that the subtree ``[start, end)`` is part of the tree of ``size`` leaves.

    Raises:
        UsageError: not a valid subtree, or not ``end <= size < 2**63``.
    """
    check_size(size)
    _check_subtree(start, end)
    if end > size:
        raise UsageError(f"[{start}, {end}) reaches beyond a tree of {size}")
    cuts, rest = _cut_down(start, end, size)
    ranges = [(cut.start, cut.end) for cut in cuts]
    if rest != (start, end):
        ranges.append(rest)
    return ProofPlan(tuple(tuple(subtree_nodes(*leaves)) for leaves in reversed(ranges)))


def verify_subtree_consistency(
    *, start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree with this size and root holds the subtree ``[start, end)`` with this root.

    Raises:
        ProofError: it does not, the proof has a hash too few or too many, a hash has not 32 bytes, ``[start, end)`` is
            not a valid subtree, or not ``end <= size < 2**63``.
    """
    if not is_valid_subtree(start, end) or not end <= size <= MAX_TREE_SIZE:
        raise ProofError(f"[{start}, {end}) is not a subtree of a tree of {size}")
    check_hash_lengths(subtree_root, root, *proof)
    cuts, rest = _cut_down(start, end, size)
    known = rest == (start, end)
    expected = len(cuts) if known else len(cuts) + 1
    if len(proof) != expected:
        raise ProofError(f"a tree of {size} holds [{start}, {end}) by {expected} hashes; the proof has {len(proof)}")
    hashes = iter(proof)
    # `inner` grows into the subtree's root and takes in nothing from outside it; `outer` grows into the tree's.
    inner = outer = subtree_root if known else next(hashes)
    for cut, sibling in zip(reversed(cuts), hashes, strict=True):
        if cut.is_right:
            outer = node_hash(outer, sibling)
            continue
        outer = node_hash(sibling, outer)
        if cut.is_inner:
            inner = node_hash(sibling, inner)
    if inner != subtree_root:
        raise ProofError(f"[{start}, {end}): the proof leads to the root {inner.hex()}, not {subtree_root.hex()}")
    if outer != root:
        raise ProofError(f"a tree of {size}: the proof leads to the root {outer.hex()}, not {root.hex()}")


class _Cut(NamedTuple):
    """The half of a node that a walk from the root leaves behind: the leaves ``[start, end)``.

    ``is_right`` when it lies right of where the walk goes on, ``is_inner`` when it belongs to the subtree itself.
    """

    start: int
    end: int
    is_right: bool
    is_inner: bool


def _cut_down(start: int, end: int, size: int) -> tuple[list[_Cut], tuple[int, int]]:
    """Cut halves off a tree until a node is left that is the valid subtree ``[start, end)``, or its right-most part.

    This is the recursion of RFC 9162 section 2.1.4.1, generalised by the draft. The subtree itself is cut only where it
    begins together with the node that the walk has reached, so that what is left is a node of the tree.
    """
    cuts: list[_Cut] = []
    low, high = 0, size
    while low < start or end < high:
        middle = low + split_point(high - low)
        if end <= middle:
            cuts.append(_Cut(middle, high, is_right=True, is_inner=False))
            high = middle
        else:
            cuts.append(_Cut(low, middle, is_right=False, is_inner=start <= low))
            low = middle
    return cuts, (low, high)


def _check_subtree(start: int, end: int) -> None:
    if not is_valid_subtree(start, end):
        raise UsageError(f"[{start}, {end}) is not a valid subtree")
