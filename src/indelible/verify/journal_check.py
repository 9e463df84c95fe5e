"""The journal's records: those beyond the published size must be whole, and older ones must agree with the tree.

The journal holds what is acknowledged but not yet in tiles; nothing is signed over that yet, so all that can be checked
is that its records are whole (their checksums are the storage's business), that they follow the published entries
without a gap, and that they are this log's records. A journal that was cut exactly between two records looks as if the
last ones had never been written: that is undetectable in principle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import Damaged, FormatError, NotFound
from indelible.formats.tile import TILE_WIDTH, Tile, split_hashes
from indelible.merkle import leaf_hash
from indelible.verify.beside import damaged_file
from indelible.verify.reading import RecordsReading
from indelible.verify.records import event_id_of
from indelible.verify.right_edge import fetch_tile
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.merkle import Hash
    from indelible.verify.across import AcrossLog
    from indelible.verify.beside import JournalRecords
    from indelible.verify.fetch import Fetcher

__all__ = ["JournalCheck"]

JOURNAL_PATH = "journal"


class JournalCheck:
    """Goes through a journal's records once; ``end`` is the index after the last one."""

    def __init__(self, fetcher: Fetcher, *, origin: str, size: int) -> None:
        self.end = size
        self._fetcher = fetcher
        self._origin = origin
        self._size = size
        self._tile: tuple[int, list[Hash]] = (-1, [])

    @property
    def beyond(self) -> int:
        """How many records lie beyond the published size."""
        return self.end - self._size

    def check(
        self, journal: JournalRecords, across: AcrossLog, *, committed: tuple[int, bytes] | None
    ) -> Iterator[Finding]:
        """What is wrong with the journal; what its records say goes into ``across``.

        A journal begins at or before the published size, and does not end before the size that was ``committed``, as
        it was read before the journal. Beyond a gap nothing is read.
        """
        expected = min(journal.start, self._size)
        if journal.start > self._size:
            yield _gap(self._size, journal.start)
            return
        if committed is not None and journal.end < committed[0]:
            yield _cut(journal.end, committed[0])
        try:
            for index, entry in journal.records:
                if index != expected:
                    yield _gap(expected, index)
                    return
                expected = index + 1
                if index < self._size:
                    yield from self._compare(index, entry)
                else:
                    yield from self._read(index, entry, across)
        except Damaged as error:
            yield damaged_file(error, index=expected)

    def _compare(self, index: int, entry: bytes) -> Iterator[Finding]:
        number = index // TILE_WIDTH
        if self._tile[0] != number:
            width = min(self._size - number * TILE_WIDTH, TILE_WIDTH)
            try:
                hashes = split_hashes(fetch_tile(self._fetcher, Tile(0, number, width)))
            except (NotFound, FormatError):
                hashes = []  # a finding already
            self._tile = (number, hashes)
        place = index % TILE_WIDTH
        if place < len(self._tile[1]) and (found := leaf_hash(entry)) != self._tile[1][place]:
            yield Finding(
                kind=FindingKind.ENTRY_ALTERED,
                index=index,
                event_id=event_id_of(entry),
                path=JOURNAL_PATH,
                expected=self._tile[1][place].hex(),
                found=found.hex(),
                detail="the journal's copy of this published entry is another one",
            )

    def _read(self, index: int, entry: bytes, across: AcrossLog) -> Iterator[Finding]:
        reading = RecordsReading(origin=self._origin, first_index=index)
        yield from reading.read([entry], [leaf_hash(entry)], path=JOURNAL_PATH)
        yield from across.take_records(reading)
        self.end = index + 1


def _gap(expected: int, found: int) -> Finding:
    return Finding(
        kind=FindingKind.ENTRY_MISSING,
        index=expected,
        path=JOURNAL_PATH,
        expected=str(expected),
        found=str(found),
        detail=f"the journal goes on with entry {found}; entries {expected} to {found - 1} are nowhere",
    )


def _cut(end: int, committed: int) -> Finding:
    return Finding(
        kind=FindingKind.ENTRY_MISSING,
        index=end,
        path=JOURNAL_PATH,
        expected=f"end >= {committed}",
        found=f"end {end}",
        detail=f"the journal ends before entry {end}, though the log has published {committed}: it was cut",
    )
