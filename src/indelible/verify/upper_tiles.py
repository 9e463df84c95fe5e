"""The full tiles above the leaf hashes, checked from the root down, one at a time.

C2SP tlog-tiles: the root of a full tile is a hash of the tile above it, so a tile is right when the tile above is. The
walk goes from left to right and holds one tile a level, however large the tree.

A tile that is not right is computed again from those below it, to name the hashes in it that were altered and to go on
with the right ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound
from indelible.formats.tile import TILE_WIDTH, Tile, split_hashes
from indelible.merkle import Hash, complete_subtree_root
from indelible.verify.right_edge import computed_root, fetch_tile, tile_differences
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.verify.fetch import Fetcher
    from indelible.verify.right_edge import RightEdge

__all__ = ["UpperTiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The hashes of one tile. Unless ``authentic`` they are only what is stored; ``None`` is not known at all."""

    hashes: tuple[Hash | None, ...]
    authentic: bool


class UpperTiles:
    """The tiles at level 1 and above of one tree. ``findings`` grows as tiles are loaded; take it with ``drain``."""

    def __init__(self, fetcher: Fetcher, edge: RightEdge) -> None:
        self._fetcher = fetcher
        self._edge = edge
        self._held: dict[int, tuple[int, _Row]] = {}
        self._findings: list[Finding] = []

    def parents(self, first_bundle: int, count: int) -> tuple[Hash | None, ...]:
        """The roots that the full bundles ``[first_bundle, first_bundle + count)`` must have; they lie in one tile.

        ``None`` stands for one that is not known; then there is a finding that says why.
        """
        start = first_bundle % TILE_WIDTH
        return self._tile(1, first_bundle // TILE_WIDTH).hashes[start : start + count]

    def drain(self) -> list[Finding]:
        """What was found wrong with tiles since the last call."""
        findings, self._findings = self._findings, []
        return findings

    def _tile(self, level: int, index: int) -> _Row:
        full = self._edge.size // TILE_WIDTH ** (level + 1)
        if index == full:
            unknown = (None,) * (TILE_WIDTH - len(self._edge.levels[level]))  # of these, none may be asked for
            return _Row(hashes=(*self._edge.levels[level], *unknown), authentic=self._edge.authentic)
        held = self._held.get(level)
        if held is None or held[0] != index:
            held = self._held[level] = (index, self._load(Tile(level, index, TILE_WIDTH)))
        return held[1]

    def _load(self, tile: Tile) -> _Row:
        above = self._tile(tile.level + 1, tile.index // TILE_WIDTH)
        root = above.hashes[tile.index % TILE_WIDTH]
        stored = self._stored(tile)
        if stored is not None and complete_subtree_root(stored) == root:
            return _Row(hashes=tuple(stored), authentic=above.authentic)
        first = tile.index * TILE_WIDTH
        computed = [computed_root(self._fetcher, tile.level - 1, first + place) for place in range(TILE_WIDTH)]
        right = self._mend(stored, computed, root)
        if right is not None:
            if stored is not None:
                self._findings += tile_differences(tile, stored=stored, right=right)
            return _Row(hashes=tuple(right), authentic=above.authentic)
        if stored is not None:
            self._findings.append(
                Finding(
                    kind=FindingKind.TILE_ALTERED,
                    index=tile.index * TILE_WIDTH ** (tile.level + 1),
                    path=tile.path,
                    expected=None if root is None else root.hex(),
                    found=complete_subtree_root(stored).hex(),
                    detail="neither this tile nor what lies below it gives the hash that the tile above it holds",
                )
            )
        return _Row(hashes=tuple(stored if stored is not None else computed), authentic=False)

    def _stored(self, tile: Tile) -> list[Hash] | None:
        try:
            return split_hashes(fetch_tile(self._fetcher, tile))
        except NotFound:
            kind, detail = FindingKind.TILE_MISSING, "the tile does not exist"
        except FormatError as error:
            kind, detail = FindingKind.MALFORMED, str(error)
        index = tile.index * TILE_WIDTH ** (tile.level + 1)
        self._findings.append(Finding(kind=kind, index=index, path=tile.path, detail=detail))
        return None

    @staticmethod
    def _mend(stored: list[Hash] | None, computed: Sequence[Hash | None], root: Hash | None) -> list[Hash] | None:
        """The tile that gives ``root``: as computed, or as stored with one hash replaced by the computed one."""
        if root is None:
            return None
        whole = [found for found in computed if found is not None]
        if len(whole) == TILE_WIDTH and complete_subtree_root(whole) == root:
            return whole
        for position, found in enumerate(computed if stored is not None else ()):
            if stored is None or found is None or found == stored[position]:
                continue
            mended = [*stored[:position], found, *stored[position + 1 :]]
            if complete_subtree_root(mended) == root:
                return mended
        return None
