"""What the records of consecutive entries say, joined over bundles, chunks and the journal.

Checks the law that holds between records: ``received_at`` never decreases along a log. Keeps what other checks need:
ids for the search for duplicates, places in producers' sequences, how many records bear a producer's signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.verify.records import ID_BYTES, NO_ID, ProducerClaim, id_text, summarise
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from indelible.merkle import Hash

__all__ = ["PlacedClaim", "RecordsReading", "time_runs_backwards"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedClaim:
    """A record's place in its producer's sequence, with the record's own index, id and leaf hash."""

    index: int
    event_id: str | None
    leaf: bytes
    claim: ProducerClaim


class RecordsReading:
    """What is read so far in the entries from ``first_index`` on.

    ``ids`` holds 16 bytes an entry, zeros where there is none; the times are ``""`` where no record has one.
    """

    __slots__ = ("first_index", "first_received_at", "ids", "last_received_at", "origin", "producers", "signed")

    def __init__(self, *, origin: str, first_index: int, last_received_at: str = "") -> None:
        self.origin = origin
        self.first_index = first_index
        self.ids = bytearray()
        self.first_received_at = ""
        self.last_received_at = last_received_at
        self.producers: list[PlacedClaim] = []
        self.signed = 0

    @property
    def next_index(self) -> int:
        """The index of the next entry."""
        return self.first_index + len(self.ids) // ID_BYTES

    def skip(self, count: int) -> None:
        """Pass over ``count`` entries that cannot be read."""
        self.ids += NO_ID * count

    def read_except(
        self, altered: Collection[int | None], entries: Sequence[bytes], hashes: Sequence[Hash], *, path: str | None
    ) -> list[Finding]:
        """As :meth:`read`, but pass over the entries at these indices: they are not what was recorded."""
        findings: list[Finding] = []
        start = self.next_index
        done = 0
        for place in range(len(entries) + 1):
            if place == len(entries) or start + place in altered:
                if done < place:
                    findings += self.read(entries[done:place], hashes[done:place], path=path)
                if place < len(entries):
                    self.skip(1)
                done = place + 1
        return findings

    def read(
        self, entries: Sequence[bytes], hashes: Sequence[Hash], *, path: str | None, canonical: bool = True
    ) -> list[Finding]:
        """Read the next entries, which stand in the file ``path``; says what is wrong with their records."""
        start = self.next_index
        summary = summarise(entries, origin=self.origin, canonical=canonical)
        findings = [
            Finding(
                kind=FindingKind.MALFORMED,
                index=start + fault.offset,
                event_id=fault.event_id,
                path=path,
                detail=fault.detail,
            )
            for fault in summary.faults
        ]
        if summary.first_received_at:
            if summary.first_received_at < self.last_received_at:
                findings.append(time_runs_backwards(start, path, self.last_received_at, summary.first_received_at))
            self.first_received_at = self.first_received_at or summary.first_received_at
            self.last_received_at = max(self.last_received_at, summary.last_received_at)
        for claim in summary.producers:
            event_id = id_text(summary.ids[claim.offset * ID_BYTES : (claim.offset + 1) * ID_BYTES])
            leaf = hashes[claim.offset]
            self.producers.append(PlacedClaim(index=start + claim.offset, event_id=event_id, leaf=leaf, claim=claim))
        self.ids += summary.ids
        self.signed += summary.signed
        return findings


def time_runs_backwards(index: int, path: str | None, before: str, after: str) -> Finding:
    """The finding for a record at or soon after ``index`` that was received before the one in front of it."""
    return Finding(
        kind=FindingKind.MALFORMED,
        index=index,
        path=path,
        expected=f">= {before}",
        found=after,
        detail="received_at decreases; it never does along a log",
    )
