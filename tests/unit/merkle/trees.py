"""Trees to take proofs from: small ones with all leaves at hand, and ones of up to 2^63-1 leaves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from indelible.merkle import Hash, Node, complete_subtree_root, fold, leaf_hash, leaf_hashes, node_hash, subtree_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@cache
def numbered_leaves(count: int) -> tuple[Hash, ...]:
    """The leaf hashes of the entries ``entry-0``, ``entry-1``, …: the leaf rule of the vectors."""
    return tuple(leaf_hashes(b"entry-%d" % index for index in range(count)))


def node_hashes(nodes: Iterable[Node], leaves: Sequence[Hash]) -> dict[Node, Hash]:
    """The hashes of complete nodes of a tree with these leaves."""
    return {node: complete_subtree_root(leaves[node.start : node.end]) for node in nodes}


class SparseTree:
    """A tree of any size in which all leaves are alike but for a few.

    A complete node without such a leaf has the hash of its level, so that every hash of a tree of 2^63-1 leaves is
    had by at most 63 hashes a different leaf. It is a true Merkle tree, not a stand-in for one.
    """

    def __init__(self, size: int, different: Iterable[int]) -> None:
        self.size = size
        self._leaves = {index: leaf_hash(b"leaf %d" % index) for index in different}
        self._alike = [leaf_hash(b"alike")]
        while len(self._alike) < 64:
            self._alike.append(node_hash(self._alike[-1], self._alike[-1]))

    def hash(self, node: Node) -> Hash:
        if not any(node.start <= index < node.end for index in self._leaves):
            return self._alike[node.level]
        if node.level == 0:
            return self._leaves[node.index]
        left, right = Node(node.level - 1, 2 * node.index), Node(node.level - 1, 2 * node.index + 1)
        return node_hash(self.hash(left), self.hash(right))

    def hashes(self, nodes: Iterable[Node]) -> Mapping[Node, Hash]:
        return {node: self.hash(node) for node in nodes}

    def leaf(self, index: int) -> Hash:
        return self.hash(Node(0, index))

    def root(self, start: int = 0, end: int | None = None) -> Hash:
        """The root of the tree, of an older self, or of a subtree."""
        return fold([self.hash(node) for node in subtree_nodes(start, self.size if end is None else end)])
