"""The check of everything that a log stores below one checkpoint: the verdict *intact*.

In order: the right edge gives the root (:mod:`~indelible.verify.right_edge`); the full tiles agree with it from the
root down (:mod:`~indelible.verify.upper_tiles`); every entry hashes into its leaf tile and that into the tile above
(:mod:`~indelible.verify.chunk`, side by side in processes); no id is used twice; what lies around in the folder agrees
too (:mod:`~indelible.verify.leftovers`). Memory does not grow with the log.

It looks at files only. Who signed the checkpoint, and what else is known about the log, is asked elsewhere.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.formats.tile import TILE_WIDTH
from indelible.merkle import Frontier
from indelible.verify.across import AcrossLog
from indelible.verify.chunk import SAMPLE, ChunkTask
from indelible.verify.fetch import Lister
from indelible.verify.id_ledger import IdLedger
from indelible.verify.leftovers import Leftovers
from indelible.verify.right_edge import load_right_edge
from indelible.verify.upper_tiles import UpperTiles
from indelible.verify.verdicts import Findings
from indelible.verify.workers import check_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.merkle import Hash
    from indelible.verify.fetch import Fetcher
    from indelible.verify.progress import ProgressFolder
    from indelible.verify.right_edge import RightEdge

__all__ = ["Fsck", "FsckOptions"]

_SMALL_BUNDLES = 128
"""Up to this many bundles, starting processes takes longer than they save."""
_CHUNKS_A_SAVE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FsckOptions:
    """How to go about it.

    ``workers`` is the number of processes, by default that of the processors; ``chunk_bundles`` how many bundles of 256
    entries one is given at a time, in ``[1, 256]`` and a divisor of 256. ``on_progress`` is called with the entries
    verified so far and their total. ``progress`` is where to keep progress; with ``resume`` an interrupted run that
    kept its progress there is gone on with (:mod:`indelible.verify.progress` says what that trusts).
    Every entry's hash is checked in any case; that it is canonical JSON throughout is checked of a random sample, and
    of the first 4,096, unless ``thorough``: such an entry would be a mistake of whoever wrote it, not a falsification.
    """

    workers: int | None = None
    chunk_bundles: int = 64
    on_progress: Callable[[int, int], None] | None = None
    progress: ProgressFolder | None = None
    resume: bool = False
    thorough: bool = False


class Fsck:
    """One check of one log: ``run`` it, ``finish`` it, and the rest says what came out.

    Attributes:
        findings: What is wrong.
        edge: The right edge as found, or as repaired in memory.
        across: What the records say together.
        beyond: How many files belong to a tree larger than the checkpoint's.
        resumed: How many entries an interrupted run had verified already.
    """

    def __init__(self, fetcher: Fetcher, *, origin: str, size: int, root: bytes, options: FsckOptions) -> None:
        self.findings = Findings()
        self.edge: RightEdge = load_right_edge(fetcher, size, root)
        self.findings.extend(self.edge.findings)
        self.beyond = 0
        self.resumed = 0
        self._fetcher = fetcher
        self._origin = origin
        self._size = size
        self._options = options
        self._upper = UpperTiles(fetcher, self.edge)
        self._phase = secrets.randbelow(SAMPLE)  # another sample each time, which nobody can foresee
        self.across = self._begin()

    def run(self) -> None:
        """Check every entry and every tile that the checkpoint covers.

        Raises:
            Unavailable: something could not be had now; progress is kept where that was asked for.
        """
        first = self.across.frontier.size
        results = check_chunks(self._tasks(first), workers=self._workers(self._size // TILE_WIDTH - first))
        for number, result in enumerate(results, 1):
            self.findings.extend(result.findings)
            self.findings.extend(self.across.take(result))
            if self._options.on_progress is not None:
                self._options.on_progress(self.across.entries, self._size)
            if number % _CHUNKS_A_SAVE == 0:
                self._save()

    def finish(self) -> None:
        """Check what can be checked only after the last record, which may be the journal's, has been taken in."""
        self.findings.extend(self.across.continuity.gaps())
        self.findings.extend(self.across.ledger.duplicates())
        if isinstance(self._fetcher, Lister):
            leftovers = Leftovers(self._fetcher, self._size)
            self.findings.extend(leftovers.check(self._fetcher.paths()))
            self.beyond = leftovers.beyond
        if self._options.progress is not None:
            self._options.progress.clear()  # nothing is left to go on with

    def close(self) -> None:
        """Release what is held."""
        self.across.ledger.close()

    def _workers(self, bundles: int) -> int:
        if bundles <= _SMALL_BUNDLES:
            return 1
        return self._options.workers or os.cpu_count() or 1

    def _tasks(self, first: int) -> Iterator[ChunkTask]:
        """Chunks from bundle ``first`` on; the tiles above are loaded as the walk reaches them."""
        bundles = self._size // TILE_WIDTH
        start = first
        while start < bundles:
            # A chunk begins where one of a run without interruption would, so that it lies in one tile.
            end = min((start // self._options.chunk_bundles + 1) * self._options.chunk_bundles, bundles)
            parents = self._parents(start, end - start)
            yield self._task(start, parents=parents)
            start = end
        leaves = self.edge.levels[0] if self.edge.levels else ()
        if leaves:
            yield self._task(bundles, leaves=leaves)

    def _task(self, first: int, *, parents: tuple[Hash | None, ...] = (), leaves: tuple[Hash, ...] = ()) -> ChunkTask:
        return ChunkTask(
            fetcher=self._fetcher,
            origin=self._origin,
            first_bundle=first,
            parents=parents,
            leaves=leaves,
            phase=self._phase,
            thorough=self._options.thorough,
        )

    def _parents(self, start: int, count: int) -> tuple[Hash | None, ...]:
        parents = self._upper.parents(start, count)
        self.findings.extend(self._upper.drain())
        return parents

    def _begin(self) -> AcrossLog:
        """Where to begin: at the beginning, or where an interrupted run stopped whose frontier is this tree's too."""
        folder = self._options.progress
        if folder is None:
            return AcrossLog(IdLedger())
        ledger = folder.open_ledger()
        progress = folder.load(self._origin) if self._options.resume else None
        entries = 0 if progress is None else progress.bundles * TILE_WIDTH
        if progress is None or entries > self._size or entries > len(ledger):
            return AcrossLog(ledger)
        frontier = self._frontier(progress.bundles)
        if frontier is None or [found.hex() for found in frontier.hashes] != progress.frontier:
            return AcrossLog(ledger)
        self.resumed = entries
        return AcrossLog(ledger, resume=progress, frontier=frontier)

    def _frontier(self, bundles: int) -> Frontier | None:
        """The frontier over the roots of the bundles ``[0, bundles)``; ``None`` when one of them is not known."""
        frontier = Frontier()
        while frontier.size < bundles:
            count = min(TILE_WIDTH - frontier.size % TILE_WIDTH, bundles - frontier.size)
            hashes = [found for found in self._parents(frontier.size, count) if found is not None]
            if len(hashes) < count:
                return None
            frontier = frontier.extend(hashes)
        return frontier

    def _save(self) -> None:
        folder = self._options.progress
        whole = self.across.entries == self.across.frontier.size * TILE_WIDTH
        if folder is not None and whole and not self.findings and self.edge.authentic:
            self.across.ledger.flush()
            folder.save(self.across.progress(self._origin))
