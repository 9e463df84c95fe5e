"""Entries become tiles, entry bundles and a root. Pure: the same right edge and entries give the same objects, always.

That is why recovery can replay the journal, and why the publisher can check what it has read back by computing its
tiles once more. Layout: C2SP tlog-tiles. A *right edge* is what has to be known of a tree to append to it: for each
level of tiles the hashes beyond the last full one, and the entries beyond the last full bundle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import InternalError
from indelible.formats.entry_bundle import bundle_path, encode
from indelible.formats.tile import TILE_WIDTH, Tile
from indelible.merkle import EMPTY_ROOT, complete_subtree_root, tree_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.merkle import Hash

__all__ = ["Integration", "RightEdge", "hash_tiles", "integrate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEdge:
    """The part of a tree that an append can still change.

    Attributes:
        size: Number of leaves in the tree.
        levels: For tile level L, the ``size // 256**L % 256`` hashes that follow its last full tile.
        entries: The ``size % 256`` entries that follow the last full bundle; their leaf hashes are ``levels[0]``.
    """

    size: int
    levels: tuple[tuple[Hash, ...], ...]
    entries: tuple[bytes, ...]

    @classmethod
    def empty(cls) -> RightEdge:
        """The right edge of the tree without leaves."""
        return cls(size=0, levels=(), entries=())

    def root(self) -> Hash:
        """The tree's root, RFC 6962 section 2.1.

        All complete nodes of one level together with the (smaller) tree to their right have the shape of a tree whose
        last leaf is that smaller tree's root, so the levels fold from the lowest up.
        """
        root: tuple[Hash, ...] = ()
        for hashes in self.levels:
            if hashes or root:
                root = (tree_root(hashes + root),)
        return root[0] if root else EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """What one publish interval adds.

    Attributes:
        objects: Path and bytes of every tile and bundle that is new at this size, partial ones included.
        edge: The right edge after it.
        root: The root after it.
    """

    objects: tuple[tuple[str, bytes], ...]
    edge: RightEdge
    root: Hash


def integrate(edge: RightEdge, entries: Sequence[bytes], leaves: Sequence[Hash]) -> Integration:
    """Append ``entries``, whose leaf hashes are ``leaves``, to the tree whose right edge is ``edge``."""
    if len(entries) != len(leaves):
        raise InternalError(f"{len(entries)} entries came with {len(leaves)} leaf hashes")
    size = edge.size + len(entries)
    bundles, last_entries = _bundles(edge, entries, size)
    tiles, levels = hash_tiles(edge, leaves)
    after = RightEdge(size=size, levels=levels, entries=last_entries)
    return Integration(objects=(*bundles, *tiles), edge=after, root=after.root())


def hash_tiles(edge: RightEdge, leaves: Sequence[Hash]) -> tuple[list[tuple[str, bytes]], tuple[tuple[Hash, ...], ...]]:
    """The hash tiles that ``leaves`` add to the tree whose right edge is ``edge``, and the levels of the new edge."""
    objects: list[tuple[str, bytes]] = []
    levels: list[tuple[Hash, ...]] = []
    hashes: Sequence[Hash] = leaves
    level = 0
    while hashes or level < len(edge.levels):
        before = edge.levels[level] if level < len(edge.levels) else ()
        first_tile = edge.size // TILE_WIDTH ** (level + 1)
        tiles, rest, hashes = _tiles(level, first_tile, before, hashes)
        objects += tiles
        levels.append(rest)
        level += 1
    return objects, tuple(levels)


def _bundles(edge: RightEdge, entries: Sequence[bytes], size: int) -> tuple[list[tuple[str, bytes]], tuple[bytes, ...]]:
    """The bundles that hold ``entries``, and the entries beyond the last full one."""
    pending = [*edge.entries, *entries]
    objects = []
    first = edge.size // TILE_WIDTH
    for number in range(first, size // TILE_WIDTH):
        start = (number - first) * TILE_WIDTH
        objects.append((bundle_path(number, TILE_WIDTH), encode(pending[start : start + TILE_WIDTH])))
    rest = tuple(pending[len(pending) - size % TILE_WIDTH :]) if size % TILE_WIDTH else ()
    if rest and entries:
        objects.append((bundle_path(size // TILE_WIDTH, len(rest)), encode(rest)))
    return objects, rest


def _tiles(
    level: int, first_tile: int, before: Sequence[Hash], new: Sequence[Hash]
) -> tuple[list[tuple[str, bytes]], tuple[Hash, ...], list[Hash]]:
    """The tiles of one level that hold ``new`` hashes, those beyond the last full tile, and the full tiles' roots."""
    pending = [*before, *new]
    objects, roots = [], []
    full = len(pending) // TILE_WIDTH
    for number in range(full):
        hashes = pending[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
        objects.append((Tile(level, first_tile + number, TILE_WIDTH).path, b"".join(hashes)))
        roots.append(complete_subtree_root(hashes))
    rest = tuple(pending[full * TILE_WIDTH :])
    if rest and new:
        objects.append((Tile(level, first_tile + full, len(rest)).path, b"".join(rest)))
    return objects, rest, roots
