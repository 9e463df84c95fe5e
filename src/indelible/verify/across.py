"""What is checked across a whole log, as its chunks come in one after another.

Times that never decrease, ids that are used once, producers' sequences without gaps; and the frontier over the bundles
that have been seen, by which an interrupted run recognises the tree that it was about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.formats.tile import TILE_WIDTH
from indelible.merkle import Frontier
from indelible.verify.continuity import Continuity
from indelible.verify.progress import Progress
from indelible.verify.reading import time_runs_backwards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.verify.chunk import ChunkResult
    from indelible.verify.id_ledger import IdLedger
    from indelible.verify.reading import RecordsReading
    from indelible.verify.verdicts import Finding

__all__ = ["AcrossLog"]


class AcrossLog:
    """What the entries ``[0, entries)`` have said.

    Attributes:
        ledger: The id of every entry.
        continuity: Producers' sequences.
        frontier: Over the roots of the full bundles, as if those were leaves.
        last_received_at: The latest time, ``""`` when there is none.
        signed: How many records bear a producer's signature.
    """

    def __init__(self, ledger: IdLedger, *, resume: Progress | None = None, frontier: Frontier | None = None) -> None:
        """Begin with entry 0; or where ``resume`` ends, whose frontier was found in this tree again as ``frontier``."""
        ledger.truncate(0 if resume is None else resume.bundles * TILE_WIDTH)
        self.ledger = ledger
        self.frontier = Frontier() if frontier is None else frontier
        self.continuity = Continuity() if resume is None else Continuity(resume.records, resume.sequences)
        self.last_received_at = "" if resume is None else resume.last_received_at
        self.signed = 0 if resume is None else resume.signed

    @property
    def entries(self) -> int:
        """How many entries have been taken in."""
        return len(self.ledger)

    def take(self, result: ChunkResult) -> Iterator[Finding]:
        """Take in the next chunk."""
        hashes = [found for found in result.parents if found is not None]
        if len(hashes) == len(result.parents):  # otherwise there is a finding, and no progress is kept
            self.frontier = self.frontier.extend(hashes)
        yield from self.take_records(result.reading)

    def take_records(self, reading: RecordsReading) -> Iterator[Finding]:
        """Take in records that follow."""
        first = reading.first_received_at
        if first and first < self.last_received_at:
            yield time_runs_backwards(reading.first_index, None, self.last_received_at, first)
        self.last_received_at = max(self.last_received_at, reading.last_received_at)
        self.ledger.append(reading.ids)
        self.signed += reading.signed
        yield from self.continuity.add(reading.producers)

    def progress(self, origin: str) -> Progress:
        """What has to be kept to go on later."""
        return Progress(
            origin=origin,
            bundles=self.frontier.size,
            frontier=[found.hex() for found in self.frontier.hashes],
            last_received_at=self.last_received_at,
            signed=self.signed,
            records=self.continuity.records,
            sequences=self.continuity.sequences,
        )
