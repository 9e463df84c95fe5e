"""A second Merkle tree, as naive as the RFCs' own words, to hold the real one against.

Generation is the recursive definition of RFC 6962 section 2.1 and of draft-ietf-plants-merkle-tree-certs; verification
is the loop of RFC 9162 sections 2.1.3.2 and 2.1.4.2. It imports nothing of the real code.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def left_half(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = left_half(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = left_half(len(leaves))
    if index < k:
        return [*inclusion(index, leaves[:k]), root(leaves[k:])]
    return [*inclusion(index - k, leaves[k:]), root(leaves[:k])]


def consistency(old: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if known else [root(leaves)]
    k = left_half(len(leaves))
    if old <= k:
        return [*consistency(old, leaves[:k], known=known), root(leaves[k:])]
    return [*consistency(old - k, leaves[k:], known=False), root(leaves[:k])]


def subtree_consistency(start: int, end: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    if (start, end) == (0, len(leaves)):
        return [] if known else [root(leaves)]
    k = left_half(len(leaves))
    if end <= k:
        return [*subtree_consistency(start, end, leaves[:k], known=known), root(leaves[k:])]
    if start >= k:
        return [*subtree_consistency(start - k, end - k, leaves[k:], known=known), root(leaves[:k])]
    return [*subtree_consistency(0, end - k, leaves[k:], known=False), root(leaves[:k])]


def includes(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], tree_root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf_hash
    for p in proof:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            r = node(p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == tree_root


def extends(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """For ``0 < old < new`` only."""
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof or not path:
        return False
    fn, sn = old - 1, new - 1
    while fn % 2 == 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0
