"""What fills an index: it follows the log into tables in memory, and seals full blocks into segments.

Work comes in steps of little more than a block: take in what is new at the end of the log, seal one block that is full
and published, build one that is missing, newest first. The tailer, whoever calls ``catch_up``, and queries that meet a
damaged segment take turns; writers of the log never wait.
"""

from __future__ import annotations

import logging
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING

import duckdb

from indelible.errors import Unavailable
from indelible.index.parts import Part
from indelible.index.rows import ROWS_AT_ONCE, create_rows, insert_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.config import IndexSettings
    from indelible.index.parts import Parts
    from indelible.index.segment_folder import SegmentFolder
    from indelible.index.source import EntrySource

__all__ = ["Indexer"]

_log = logging.getLogger("indelible.index")


class Indexer:
    """Fills one index. Safe to use from any thread; one works at a time."""

    def __init__(
        self,
        source: EntrySource,
        connection: duckdb.DuckDBPyConnection,
        segments: SegmentFolder,
        parts: Parts,
        settings: IndexSettings,
    ) -> None:
        """Take the segments that are there."""
        self._source = source
        self._connection = connection
        self._cursor = connection.cursor()
        self._segments = segments
        self._parts = parts
        self._settings = settings
        self._size = settings.segment_entries
        self._lock = threading.Lock()  # guards the fields below, and the work
        self._blocks: dict[int, Part] = {}  # by their first index
        self._tables = 0
        self._failure = ""
        self._seal_again = 0.0  # when, after sealing has failed
        for part in segments.find(self._cursor):
            self._blocks[part.first] = part
            parts.put(part)
        self._unchecked = list(parts.view.parts)

    def catch_up(self, upto: int | None, progress: Callable[[int, int], None] | None) -> None:
        """Work until every entry below ``upto``, by default all that are acknowledged now, is indexed.

        ``progress`` is called with how many are, and of how many.

        Raises:
            Unavailable: there is no space for it.
        """
        total = self._source.acknowledged() if upto is None else min(upto, self._source.acknowledged())
        while not self._parts.view.covers(total) or self._sealable():
            if not self.step():
                break
            if progress is not None:
                progress(min(self._parts.view.indexed, total), total)
        if not self._parts.view.covers(total):
            raise Unavailable(f"the index could not be built: {self._failure}", retry_after=30.0)

    def step(self) -> int:
        """Do what is most urgent; gives the number of entries that were taken in, sealed or built."""
        with self._lock:
            return self._take_news() + self._seal() + self._fill()

    def check(self) -> bool:
        """Check one of the segments that were there at the start, and have it built again when it is not as it should be.

        Gives false when all are checked.
        """
        with self._lock:
            if not self._unchecked:
                return False
            part = self._unchecked.pop()
        reason = self._flaw(part)
        if reason is not None:
            self.rebuild(part, reason)
        return True

    def find_damaged(self, parts: tuple[Part, ...]) -> list[Part]:
        """Those of some parts whose files are not what was written; reads all of them."""
        return [part for part in parts if part.file is not None and not self._segments.is_sound(part.file)]

    def rebuild(self, part: Part, reason: str) -> None:
        """Replace a segment by the same rows, made from the log again."""
        with self._lock:
            if part.file is None or self._blocks.get(part.first) != part:
                return  # someone else was quicker
            if part.end > self._source.published().checkpoint.size:
                del self._blocks[part.first]  # of a log that was longer once
                self._parts.remove(part)
            else:
                self._load(part.first, part.first, part.end)
            self._segments.discard(part.file, reason)
            self._seal()

    def _flaw(self, part: Part) -> str | None:
        if part.file is None or self._segments.is_current(self._cursor, part.file) is False:
            return "the log goes on otherwise"
        return None if self._segments.is_sound(part.file) else "it is not what was written"

    def _take_news(self) -> int:
        """Take in what has been acknowledged of the newest block."""
        end = self._source.acknowledged()
        return self._extend((end - 1) // self._size * self._size, end) if end else 0

    def _fill(self) -> int:
        """Build or complete the newest of the other blocks that are not whole."""
        newest = (self._source.acknowledged() - 1) // self._size * self._size
        for first in range(newest - self._size, -1, -self._size):
            part = self._blocks.get(first)
            if part is None or part.end < first + self._size:
                return self._extend(first, first + self._size)
        return 0

    def _extend(self, first: int, end: int) -> int:
        part = self._blocks.get(first)
        if part is None and len(self._unsealed()) > self._settings.unsealed_segments:
            return 0
        start = first if part is None else part.end
        return self._load(first, start, end) if start < end else 0

    def _load(self, first: int, start: int, end: int) -> int:
        """Take the entries ``[start, end)`` of a block into memory; from its beginning, into a new table."""
        part = self._blocks.get(first)
        if start == first or part is None or part.table is None:
            table = f"rows_{self._tables}"
            self._tables += 1
            create_rows(self._cursor, table)
        else:
            table = part.table
        replaces_segment = part is not None and part.file is not None
        entries = (entry for _, entry in self._source.entries(start, end))
        at = start
        while chunk := list(islice(entries, ROWS_AT_ONCE)):
            insert_rows(self._cursor, table, at, chunk)
            at += len(chunk)
            if not replaces_segment:  # a segment is replaced by all of its rows, or not yet
                self._put(Part(first=first, end=at, table=table))
        if replaces_segment:
            self._put(Part(first=first, end=at, table=table))
        return at - start

    def _seal(self) -> int:
        """Write one block that is full and published as a segment."""
        part = self._sealable()
        if part is None or part.table is None or time.monotonic() < self._seal_again:
            return 0
        table = part.table
        try:
            sealed = self._segments.write(self._cursor, table, part.first)
        except (OSError, duckdb.Error) as error:
            self._failure = str(error)
            self._seal_again = time.monotonic() + self._settings.retry_interval
            _log.warning("index_not_sealed", extra={"first": part.first, "reason": self._failure})
            return 0
        self._blocks[part.first] = sealed
        self._parts.put(sealed, dispose=lambda: self._drop(table))
        return sealed.end - sealed.first

    def _sealable(self) -> Part | None:
        published = self._source.published().checkpoint.size
        full = (part for part in self._unsealed() if part.end - part.first == self._size and part.end <= published)
        return min(full, key=lambda part: part.first, default=None)

    def _unsealed(self) -> list[Part]:
        return [part for part in self._blocks.values() if part.table is not None]

    def _put(self, part: Part) -> None:
        self._blocks[part.first] = part
        self._parts.put(part)

    def _drop(self, table: str) -> None:
        self._connection.cursor().execute(f"DROP TABLE {table}")
