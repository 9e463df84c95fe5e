"""Everything in a log's folder that the tree at its checkpoint does not need: earlier partials, and strangers.

C2SP tlog-tiles, "Partial Tiles": a partial tile or bundle that an earlier checkpoint implied may stay until the full
one exists, and is the beginning of it. So each one must agree with what is there now. Files of a tree beyond the
checkpoint are what a log writes before it publishes (or what it wrote before it was stopped); nothing vouches for them
yet, and they are only counted. Whatever else lies in the folder does not belong to a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH, Tile, split_hashes
from indelible.merkle import HASH_SIZE, leaf_hash
from indelible.verify.disagreement import salvage
from indelible.verify.records import event_id_of
from indelible.verify.right_edge import (
    computed_hashes,
    fetch_bundle,
    fetch_tile,
    levels_of,
    tile_differences,
)
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indelible.verify.fetch import Fetcher

__all__ = ["Leftovers"]


class Leftovers:
    """Goes through what a folder holds. ``beyond`` counts the files of a tree that is larger than the checkpoint's."""

    def __init__(self, fetcher: Fetcher, size: int) -> None:
        self._fetcher = fetcher
        self._counts = levels_of(size)
        self.beyond = 0

    def check(self, paths: Iterable[str]) -> Iterator[Finding]:
        """What is wrong with the files that the tree at its checkpoint does not need itself."""
        for path in paths:
            if path == "checkpoint":
                continue
            try:
                if path.startswith("tile/entries/"):
                    bundle = entry_bundle.parse_bundle_path(path)
                    yield from self._check_bundle(path, bundle.number, bundle.width)
                else:
                    yield from self._check_tile(Tile.parse(path))
            except FormatError:
                detail = "this file does not belong to a log"
                yield Finding(kind=FindingKind.MALFORMED, path=path, detail=detail)

    def _now(self, level: int, index: int, width: int) -> int | None:
        """How wide a tile is at the checkpoint, when the one asked about is an earlier state of it; else ``None``."""
        held = self._counts[level] - index * TILE_WIDTH if level < len(self._counts) else 0
        if held < width:
            self.beyond += 1
            return None
        now = min(held, TILE_WIDTH)
        return now if width < now else None

    def _check_tile(self, tile: Tile) -> Iterator[Finding]:
        now = self._now(tile.level, tile.index, tile.width)
        if now is None:
            return
        try:
            data = self._fetcher.get(tile.path)
        except NotFound:
            return  # a running log deletes it as soon as the full one is there
        if len(data) != tile.width * HASH_SIZE:
            detail = f"the tile has {len(data)} bytes instead of {tile.width * HASH_SIZE}"
            yield Finding(kind=FindingKind.MALFORMED, path=tile.path, detail=detail)
            return
        try:
            right = fetch_tile(self._fetcher, Tile(tile.level, tile.index, now))[: len(data)]
        except (NotFound, FormatError):
            return  # what is there now is a finding already
        # Where what is there now was altered, that is a finding already; what lies below then speaks for this one.
        if data != right and tuple(split_hashes(data)) != computed_hashes(self._fetcher, tile):
            yield from tile_differences(tile, stored=split_hashes(data), right=split_hashes(right))

    def _check_bundle(self, path: str, number: int, width: int) -> Iterator[Finding]:
        now = self._now(0, number, width)
        if now is None:
            return
        try:
            data = self._fetcher.get(path)
        except NotFound:
            return
        try:
            entries = entry_bundle.decode(data, width)
        except FormatError as error:
            yield Finding(kind=FindingKind.MALFORMED, index=number * TILE_WIDTH, path=path, detail=str(error))
            return
        try:
            whole = fetch_bundle(self._fetcher, number, now)
            if whole.startswith(data):
                return
            right = split_hashes(fetch_tile(self._fetcher, Tile(0, number, now)))
        except (NotFound, FormatError):
            return
        same = set(salvage(whole))
        for place, entry in enumerate(entries):
            found = leaf_hash(entry)
            # Of the bundle and the leaf tile of now, one may be damaged, and a finding already; the other speaks then.
            if found != right[place] and entry not in same:
                yield Finding(
                    kind=FindingKind.ENTRY_ALTERED,
                    index=number * TILE_WIDTH + place,
                    event_id=event_id_of(entry),
                    path=path,
                    expected=right[place].hex(),
                    found=found.hex(),
                    detail="the entry in this earlier bundle is not the one that was recorded",
                )
