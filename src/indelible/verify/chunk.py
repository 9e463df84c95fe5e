"""One chunk of a log, checked by one process: bundles against leaf tiles against the hashes above them.

For each bundle the ordinary path does as little as can be: decode it, hash its entries, compare the joined hashes with
the leaf tile in one comparison and their root with the hash in the tile above, read the records. Only where something
does not agree does :mod:`indelible.verify.disagreement` look closer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH, Tile, split_hashes
from indelible.merkle import Hash, complete_subtree_root, leaf_hashes
from indelible.verify.disagreement import BundleEvidence, explain, salvage
from indelible.verify.reading import RecordsReading
from indelible.verify.right_edge import fetch_bundle, fetch_tile
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.verify.fetch import Fetcher

__all__ = ["SAMPLE", "ChunkResult", "ChunkTask", "check_chunk"]

SAMPLE = 16
"""Of one bundle in so many, and of the first ones, the records are read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTask:
    """What to check: the full bundles ``[first_bundle, first_bundle + len(parents))``, or the partial one.

    ``parents`` are the roots that full bundles must have. For the partial bundle it is empty, and ``leaves`` holds the
    leaf hashes that its entries must have. Of one bundle in 16, which ``phase`` in ``[0, 16)`` selects, the records
    are read whole; of all bundles when ``thorough``.
    """

    fetcher: Fetcher
    origin: str
    first_bundle: int
    parents: tuple[Hash | None, ...] = ()
    leaves: tuple[Hash, ...] = ()
    phase: int = 0
    thorough: bool = True

    @property
    def entries(self) -> int:
        """The number of entries that this task covers."""
        return len(self.parents) * TILE_WIDTH + len(self.leaves)

    def reads_all_of(self, number: int) -> bool:
        """Whether the records of a bundle are read whole, and must be canonical."""
        return self.thorough or number < SAMPLE or number % SAMPLE == self.phase

    def bundles(self) -> Iterator[tuple[int, int, Hash | None]]:
        """Number, width and expected root of each bundle."""
        for offset, parent in enumerate(self.parents):
            yield self.first_bundle + offset, TILE_WIDTH, parent
        if self.leaves:
            yield self.first_bundle, len(self.leaves), None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkResult:
    """What a chunk gave: what is wrong with it, and what its records say. ``parents`` are the task's."""

    entries: int
    parents: tuple[Hash | None, ...]
    reading: RecordsReading
    findings: tuple[Finding, ...]


def check_chunk(task: ChunkTask) -> ChunkResult:
    """Check one chunk.

    Raises:
        Unavailable: something could not be had now.
    """
    findings: list[Finding] = []
    reading = RecordsReading(origin=task.origin, first_index=task.first_bundle * TILE_WIDTH)
    for number, width, parent in task.bundles():
        entries, hashes, wrong = _check_bundle(task, number, width, parent)
        path = entry_bundle.bundle_path(number, width)
        if entries is None:
            reading.skip(width)
        elif not wrong:
            findings += reading.read(entries, hashes, path=path, canonical=task.reads_all_of(number))
        else:
            altered = {finding.index for finding in wrong if finding.kind is FindingKind.ENTRY_ALTERED}
            findings += reading.read_except(altered, entries, hashes, path=path)
        findings += wrong
    return ChunkResult(entries=task.entries, parents=task.parents, reading=reading, findings=tuple(findings))


def _check_bundle(
    task: ChunkTask, number: int, width: int, parent: Hash | None
) -> tuple[list[bytes] | None, list[Hash], list[Finding]]:
    """The entries of one bundle (``None`` when they cannot be read), their leaf hashes, and what is wrong."""
    path = entry_bundle.bundle_path(number, width)
    entries: list[bytes] | None = None
    hashes: list[Hash] = []
    salvaged: list[bytes] = []
    bundle_fault: Finding | None = None
    try:
        data = fetch_bundle(task.fetcher, number, width)
    except NotFound:
        bundle_fault = _fault(FindingKind.ENTRY_MISSING, number, path, "the entry bundle does not exist")
    except FormatError as error:
        bundle_fault = _fault(FindingKind.MALFORMED, number, path, str(error))
    else:
        try:
            entries = entry_bundle.decode(data, width)
            hashes = leaf_hashes(entries)
        except FormatError as error:
            bundle_fault = _fault(FindingKind.MALFORMED, number, path, str(error))
            salvaged = salvage(data)
    tile, tile_fault = _leaf_tile(task.fetcher, number, width)
    if entries is not None and b"".join(hashes) == tile and _agrees(hashes, parent, task.leaves):
        return entries, hashes, []
    evidence = BundleEvidence(
        number=number,
        width=width,
        entries=entries,
        bundle_fault=bundle_fault,
        salvaged=salvaged,
        tile=None if tile is None else split_hashes(tile),
        tile_fault=tile_fault,
        parent=parent,
        leaves=task.leaves,
    )
    return entries, hashes, explain(evidence)


def _agrees(hashes: list[Hash], parent: Hash | None, leaves: tuple[Hash, ...]) -> bool:
    return tuple(hashes) == leaves if leaves else complete_subtree_root(hashes) == parent


def _leaf_tile(fetcher: Fetcher, number: int, width: int) -> tuple[bytes | None, Finding | None]:
    tile = Tile(0, number, width)
    try:
        return fetch_tile(fetcher, tile), None
    except NotFound:
        return None, _fault(FindingKind.TILE_MISSING, number, tile.path, "the tile does not exist")
    except FormatError as error:
        return None, _fault(FindingKind.MALFORMED, number, tile.path, str(error))


def _fault(kind: FindingKind, number: int, path: str, detail: str) -> Finding:
    return Finding(kind=kind, index=number * TILE_WIDTH, path=path, detail=detail)
