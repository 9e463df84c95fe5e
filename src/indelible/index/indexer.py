"""What fills an index: it follows the log into tables in memory, and seals full blocks into segments.

Work comes in steps of little more than a block: take in what is new at the end of the log, seal one block that is full
and published, build one that is missing, newest first: an incident is about now. The tailer, whoever calls
``catch_up``, and queries that meet a damaged segment take turns; writers of the log never wait.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING

import duckdb

from indelible.errors import DamagedObject, Unavailable
from indelible.formats.tile import TILE_WIDTH
from indelible.index.parts import Part
from indelible.index.rows import ROWS_AT_ONCE, create_rows, insert_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from indelible.config import IndexSettings
    from indelible.index.control import Control
    from indelible.index.parts import Parts
    from indelible.index.segment_folder import SegmentFolder
    from indelible.index.source import EntrySource

__all__ = ["Indexer", "SegmentReplacedError"]

_NOT_AS_WRITTEN = "it is not what was written"

_SHARE = 8
"""Once the records of blocks that wait to be sealed have one in so many bytes of the database's memory, no others are
begun; as rows they take three."""
_MUCH = 4
"""Where taking in fills more than one in so many parts of the time, there is no time for sealing, which costs as much
and would keep what comes meanwhile from being found."""

_log = logging.getLogger("indelible.index")


class SegmentReplacedError(Exception):
    """A segment was not what was written, and has been made anew: whoever was about to read it has to begin again."""


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
        self._began = 0.0  # when the last step did
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
        while self.step(total):
            if progress is not None:
                progress(min(self._parts.view.indexed, total), total)
        if not self._parts.view.covers(total):
            raise Unavailable(f"the index could not be built: {self._failure}", retry_after=30.0)

    def step(self, end: int) -> int:
        """Do what is most urgent of the entries below ``end``; gives how many were taken in, built or sealed.

        While taking in what comes fills much of the time, nothing else is done as long as there is room for more.
        """
        with self._lock:
            before, began = self._began, time.monotonic()
            self._began = began
            news = self._take_news(end)
            now = time.monotonic()
            if news and (now - began) * _MUCH > now - before and self._has_room():
                return news
            return news + self._seal() + self._fill(end)

    def check(self) -> bool:
        """Check one of the segments that were there at the start, and build it again when something is wrong with it.

        Gives false when all are checked.
        """
        with self._lock:
            if not self._unchecked:
                return False
            part = self._unchecked[-1]
            reason = self._flaw(part)
        if reason is not None:
            self.rebuild(part, reason)
        with self._lock:  # not before: what could not be made anew is not checked
            if self._unchecked and self._unchecked[-1] is part:
                self._unchecked.pop()
        return True

    def ensure_sound(self, parts: Sequence[Part], control: Control) -> None:
        """Check those of some parts whose files have changed since they were found, written or checked.

        Raises:
            QueryTimeout: it took too long.
            QueryCancelled: nobody wants to know any more.
            SegmentReplacedError: some were not what was written, and have been made anew.
            Unavailable: there is no space for that.
        """
        replaced = False
        for part in parts:
            control.check()
            if part.file is not None and not self._segments.is_ready(part.file):
                self.rebuild(part, _NOT_AS_WRITTEN)
                replaced = True
        if replaced:
            raise SegmentReplacedError

    def repair(self, parts: Sequence[Part]) -> bool:
        """Make those of some parts anew whose files are not what was written; gives whether there is anything else now.

        Reads all of them.

        Raises:
            Unavailable: there is no space for it.
        """
        for part in parts:
            if part.file is not None and not self._segments.is_sound(part.file):
                self.rebuild(part, _NOT_AS_WRITTEN)
        return any(part.file is not None and self._blocks.get(part.first) is not part for part in parts)

    def rebuild(self, part: Part, reason: str) -> None:
        """Replace a segment by the same rows, made from the log again; for what is there until they are sealed.

        Raises:
            Unavailable: there is no space for it.
        """
        with self._lock:
            if part.file is None or self._blocks.get(part.first) is not part:
                return  # someone else was quicker; another one with the same rows may be there by now
            within_log = part.end <= self._source.published().checkpoint.size
            if within_log and self._has_room():
                self._load(part.first, part.first, part.end)
            else:
                del self._blocks[part.first]  # of a log that was longer once; or one of many, which take their time
                self._parts.remove(part)
            self._segments.discard(part.file, reason)
            self._seal()

    def _flaw(self, part: Part) -> str | None:
        if part.file is None:
            return None
        if not self._segments.is_sound(part.file):
            return _NOT_AS_WRITTEN
        if part.unreadable and self._segments.can_know_more(self._cursor, part.file):
            return "it lacks entries that can be read now"
        return None if self._segments.is_current(self._cursor, part.file) else "the log goes on otherwise"

    def _take_news(self, end: int) -> int:
        """Take in what is there of the newest block; but first complete those that were the newest before it.

        As much as one statement takes: by the time it is done there is more, and fewer statements cost less.
        """
        if not end:
            return 0
        newest = (end - 1) // self._size * self._size
        begun = sorted(part.first for part in self._unsealed() if part.first < newest)
        done = 0
        for first in (*begun, newest):
            done += self._extend(first, min(first + self._size, end), ROWS_AT_ONCE - done)
        return done

    def _has_room(self) -> bool:
        """Whether more full blocks may wait in memory."""
        waiting = self._full()
        size = sum(part.size for part in waiting)
        return len(waiting) < self._settings.unsealed_segments and size < self._settings.memory // _SHARE

    def _fill(self, end: int) -> int:
        """Build the newest of the blocks that are missing."""
        newest = (end - 1) // self._size * self._size
        missing = (first for first in range(newest, -1, -self._size) if first not in self._blocks)
        first = next(missing, None)
        return 0 if first is None else self._extend(first, min(first + self._size, end), self._size)

    def _extend(self, first: int, end: int, most: int) -> int:
        part = self._blocks.get(first)
        if part is None and not self._has_room():
            return 0
        start = first if part is None else part.end
        end = min(end, start + most)
        return self._load(first, start, end) if start < end else 0

    def _load(self, first: int, start: int, end: int) -> int:
        """Take the entries ``[start, end)`` of a block into memory: into a new table, unless it has one there."""
        part = self._blocks.get(first)
        table = None if part is None else part.table
        try:
            if table is None:
                table = f"rows_{self._tables}"
                self._tables += 1
                create_rows(self._cursor, table)
            at = self._insert(first, table, start, end)
        except duckdb.Error as error:
            self._failure = str(error)
            if table is not None and not any(part.table == table for part in self._unsealed()):
                self._drop(table)
            raise Unavailable(f"the index could not take entries in: {error}", retry_after=30.0) from error
        return at - start

    def _insert(self, first: int, table: str, start: int, end: int) -> int:
        replaced = self._blocks.get(first)
        at = start
        goes_on = replaced is not None and replaced.table == table
        size, unreadable = (replaced.size, replaced.unreadable) if replaced is not None and goes_on else (0, 0)
        entries = self._entries(start, end)
        statements = -(-(end - start) // ROWS_AT_ONCE)
        width = -(-(end - start) // statements)  # all alike: a statement for the few that are left costs as much
        while chunk := list(islice(entries, width)):
            unreadable += insert_rows(self._cursor, table, at, chunk)
            at += len(chunk)
            size += sum(map(len, chunk))
            # Rows are seen as they come; but a segment is replaced by all of its rows together.
            if replaced is None or replaced.file is None or at == replaced.end:
                self._put(Part(first=first, end=at, table=table, size=size, unreadable=unreadable))
        return at

    def _entries(self, start: int, end: int) -> Iterator[bytes]:
        """The entries ``[start, end)`` of the log; one that it cannot give is empty, and keeps no other out."""
        is_said = False
        while start < end:
            try:
                for index, entry in self._source.entries(start, end):
                    yield entry
                    start = index + 1
                return
            except DamagedObject as error:
                stop = min((start // TILE_WIDTH + 1) * TILE_WIDTH, end)
                if not is_said:  # the first stands for all of them
                    _log.warning("index_lacks_entries", extra={"first": start, "reason": str(error)})
                is_said = True
                yield from [b""] * (stop - start)
                start = stop

    def _seal(self) -> int:
        """Write one block that is full and published as a segment."""
        part = self._sealable()
        if part is None or part.table is None or time.monotonic() < self._seal_again:
            return 0
        table = part.table
        try:
            sealed = self._segments.write(self._cursor, table, part.first, unreadable=part.unreadable)
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
        full = (part for part in self._full() if part.end <= published)
        return min(full, key=lambda part: part.first, default=None)

    def _full(self) -> list[Part]:
        return [part for part in self._unsealed() if part.end - part.first == self._size]

    def _unsealed(self) -> list[Part]:
        return [part for part in self._blocks.values() if part.table is not None]

    def _put(self, part: Part) -> None:
        self._blocks[part.first] = part
        self._parts.put(part)

    def _drop(self, table: str) -> None:
        # On whatever thread stops reading it last, which may be after the index has been closed.
        with contextlib.suppress(duckdb.ConnectionException), self._connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
