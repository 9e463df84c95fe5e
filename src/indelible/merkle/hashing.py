"""The hashes of RFC 6962 section 2.1 over SHA-256, and the roots of trees whose leaf hashes are all at hand.

A leaf is ``SHA-256(0x00 || entry)``, an interior node ``SHA-256(0x01 || left || right)``. The prefixes are the whole
defence against passing an interior node off as an entry, so nothing here takes a plain ``SHA-256(entry)``.

These are the hottest functions of the product. A hash object that has been fed the prefix and is copied for each value
is quicker than a new one, because OpenSSL looks the algorithm up for each new one. Lengths are not checked here: who
lets hashes in from outside does that, the ``verify_*`` functions among them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NewType

from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "Hash",
    "complete_subtree_root",
    "fold",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "pair",
    "tree_root",
]

Hash = NewType("Hash", bytes)
"""A SHA-256 hash of a leaf or of a node: 32 bytes."""

HASH_SIZE: Final = 32
"""Bytes of a hash."""

EMPTY_ROOT: Final = Hash(bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
"""The root of the tree without leaves: SHA-256 of nothing. A tree that holds one empty entry has another root."""

# Only ever copied, never updated: constants, for all that their type is mutable.
_copy_leaf: Final[Callable[[], hashlib._Hash]] = hashlib.sha256(b"\x00").copy
_copy_node: Final[Callable[[], hashlib._Hash]] = hashlib.sha256(b"\x01").copy


def leaf_hash(entry: bytes) -> Hash:
    """The leaf hash of an entry of any length."""
    hasher = _copy_leaf()
    hasher.update(entry)
    return Hash(hasher.digest())


def leaf_hashes(entries: Iterable[bytes]) -> list[Hash]:
    """The leaf hashes of many entries, in order."""
    copy = _copy_leaf
    hashes: list[bytes] = []
    append = hashes.append
    for entry in entries:
        hasher = copy()
        hasher.update(entry)
        append(hasher.digest())
    return hashes  # type: ignore[return-value]  # a NewType is its base at run time; a call for each costs 5 %


def node_hash(left: bytes, right: bytes) -> Hash:
    """The hash of an interior node with these two children."""
    hasher = _copy_node()
    hasher.update(left + right)
    return Hash(hasher.digest())


def complete_subtree_root(hashes: Sequence[Hash]) -> Hash:
    """The root over ``2**k`` neighbouring nodes of one level, for instance the hashes of a full tile.

    Raises:
        UsageError: their number is not a power of two.
    """
    count = len(hashes)
    if count == 0 or count & (count - 1):
        raise UsageError(f"a complete subtree has a power of two of hashes, not {count}")
    while len(hashes) > 1:
        hashes = pair(hashes)
    return hashes[0]


def tree_root(leaves: Sequence[Hash]) -> Hash:
    """The root of the tree with these leaf hashes, of any number; :data:`EMPTY_ROOT` for none.

    A hash without a right neighbour moves up a level as it is. That gives the tree of RFC 6962, whose left half is the
    largest power of two below the number of leaves: all that such a hash is ever paired with is the complete nodes to
    its left.
    """
    if not leaves:
        return EMPTY_ROOT
    while len(leaves) > 1:
        above = pair(leaves)
        if len(leaves) % 2:
            above.append(leaves[-1])
        leaves = above
    return leaves[0]


def fold(hashes: Sequence[Hash]) -> Hash:
    """The root over complete subtrees side by side, largest first; :data:`EMPTY_ROOT` for none (RFC 9162, 2.1.2)."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def pair(hashes: Sequence[Hash]) -> list[Hash]:
    """The parents of neighbouring hashes; a last one without a neighbour is left out."""
    copy = _copy_node
    parents: list[bytes] = []
    append = parents.append
    source = iter(hashes)
    for left, right in zip(source, source, strict=False):
        hasher = copy()
        hasher.update(left + right)
        append(hasher.digest())
    return parents  # type: ignore[return-value]  # as above
