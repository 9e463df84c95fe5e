"""The folder of one index: its segments, found, checked, written, deleted.

Where it cannot be written, because someone else owns it or it lies on a medium that cannot be, the segments that are
there are used, and those that are missing are kept in a folder for temporaries as long as the index is open.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import threading
from typing import TYPE_CHECKING, Self

from indelible.errors import PASSING, DamagedObject, FormatError, NotFound
from indelible.events.stored_record import check_record
from indelible.formats.tile import TILE_WIDTH
from indelible.index.database import file_pattern
from indelible.index.scratch import Scratch
from indelible.index.segment_file import (
    SegmentFacts,
    SegmentName,
    is_as_written,
    parse_name,
    read_facts,
    read_metadata,
    segment_name,
    write_segment,
)
from indelible.index.text_filter_file import SUFFIX as FILTER_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from indelible.config import IndexSettings
    from indelible.index.parts import Part
    from indelible.index.source import EntrySource

__all__ = ["SegmentFolder"]

_log = logging.getLogger("indelible.index")

_LOST = b""
"""In the place of a hash that the log does not give."""


class SegmentFolder:
    """The segments of one log in one folder. Safe to use from several threads."""

    def __init__(self, folder: Path, scratch: Scratch, source: EntrySource, settings: IndexSettings) -> None:
        """Use :meth:`open`."""
        self.folder = folder
        self.scratch = scratch
        self._source = source
        self._entries = settings.segment_entries
        self._writable = scratch.path.parent == folder
        self._names = itertools.count()
        self._checking = threading.Lock()
        self._looks: dict[Path, tuple[int, ...]] = {}  # what files looked like when they were found, written or checked

    @classmethod
    def open(cls, folder: Path, source: EntrySource, settings: IndexSettings, *, writable: bool = True) -> Self:
        """Use a folder, which is made if it is not there and can be, unless it must not be written."""
        if not writable:
            return cls(folder, Scratch.elsewhere(), source, settings)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            scratch = Scratch.within(folder)
        except OSError as error:
            _log.info("index_folder_not_writable", extra={"folder": str(folder), "reason": str(error)})
            scratch = Scratch.elsewhere()
        return cls(folder, scratch, source, settings)

    @property
    def folders(self) -> list[Path]:
        """The folders that hold segments or temporaries."""
        return [self.folder, self.scratch.path]

    def find(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Part]:
        """Yield the segments that belong to the log; delete what looks like one and does not."""
        if not self.folder.is_dir():
            return
        filters = list(
            self.folder.glob(f"*{FILTER_SUFFIX}")
        )  # first: another process may be writing segments and filters
        names = {path: name for path in self.folder.glob("*.parquet") if (name := parse_name(path.name)) is not None}
        for path in filters:
            if path.with_suffix(".parquet") not in names:  # left by a crash
                self._delete(path)
        for path in names:
            self._note(path)
        said = read_metadata(connection, list(names))
        for path, name in names.items():
            try:
                facts, part = read_facts(path, said.get(path, {}))
                self._check(facts, path, name)
            except ValueError as error:
                self.discard(path, str(error))
            else:
                yield part

    def write(self, connection: duckdb.DuckDBPyConnection, table: str, first: int, *, unreadable: int) -> Part:
        """Write the rows of ``table``, which holds the block at ``first``, as a segment.

        ``unreadable`` is how many of its entries could not be read, or are no records.

        Raises:
            OSError: it could not be written.
            duckdb.Error: likewise.
        """
        end = first + self._entries
        facts = SegmentFacts(
            origin=self._source.origin,
            first=first,
            end=end,
            last_leaf=self._last_leaf(end),
            unreadable=unreadable,
        )
        path = (self.folder if self._writable else self.scratch.path) / segment_name(first, end)
        staged = self.stage()
        try:
            part = write_segment(connection, table, facts, staged, path)
        finally:
            for left in (staged, staged.with_suffix(".sha256")):
                with contextlib.suppress(OSError):
                    left.unlink(missing_ok=True)
        self._note(path)
        return part

    def stage(self) -> Path:
        """A name for a new file on the index's disk, which nothing else uses."""
        self.scratch.path.mkdir(parents=True, exist_ok=True)  # somebody may have deleted the folder as a whole
        return self.scratch.path / f"{next(self._names)}.parquet"

    def has_changed(self, path: Path) -> bool:
        """Whether the file of a segment is not as it was when it was found, written or last checked. Reads nothing."""
        looks = _look(path)
        return looks is None or looks != self._looks.get(path)

    def is_sound(self, path: Path) -> bool:
        """Whether a segment is what was written; reads all of it."""
        looks = _look(path)  # before: what changes meanwhile has changed
        try:
            sound = looks is not None and is_as_written(path)
        except OSError as error:
            return error.errno in PASSING  # whoever reads it next meets the same, and nothing is lost by waiting
        if sound and looks is not None:
            self._looks[path] = looks
        return sound

    def is_ready(self, path: Path) -> bool:
        """Whether a segment can be read: it has not changed, or is sound. Of many who ask, one looks."""
        if not self.has_changed(path):
            return True
        with self._checking:
            return not self.has_changed(path) or self.is_sound(path)

    def is_current(self, connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
        """Whether the log still has at the end of a segment what it had when that was written."""
        try:
            facts, _ = read_facts(path, read_metadata(connection, [path]).get(path, {}))
            return self._last_leaf(facts.end) in {facts.last_leaf, _LOST}
        except (ValueError, NotFound):
            return False

    def can_know_more(self, connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
        """Whether the log can give a record now where a segment has an entry that was none, or could not be read."""
        lacking = "SELECT index FROM read_parquet(?, hive_partitioning = false) WHERE received_at IS NULL"
        lost = -1  # the last bundle that could not be read
        for (index,) in connection.execute(lacking, [file_pattern(path)]).fetchall():
            if index // TILE_WIDTH == lost:
                continue
            try:
                check_record(self._source.get(index).entry)
            except FormatError:
                continue
            except DamagedObject:
                lost = index // TILE_WIDTH
            else:
                return True
        return False

    def _last_leaf(self, end: int) -> bytes:
        try:
            return self._source.get(end - 1).leaf_hash
        except DamagedObject:  # then nothing is told by it; verification says what is wrong with the log
            return _LOST

    def discard(self, path: Path, reason: str) -> None:
        """Say what is wrong with a segment, and delete it where that is possible."""
        _log.warning("index_segment_discarded", extra={"path": str(path), "reason": reason})
        # The filter first: whatever crash comes, none outlives the segment that it was made for.
        for part in (path.with_suffix(FILTER_SUFFIX), path, path.with_suffix(".sha256")):
            self._delete(part)

    def may_change(self, path: Path) -> bool:
        """Whether a file lies where this process may write and delete."""
        return self._writable or path.parent == self.scratch.path

    def digest(self, path: Path) -> bytes | None:
        """The SHA-256 that stands beside a segment; ``None`` when none does."""
        try:
            digest = bytes.fromhex(path.with_suffix(".sha256").read_text().partition(" ")[0])
        except (OSError, ValueError):
            return None
        return digest if len(digest) == hashlib.sha256().digest_size else None

    def close(self) -> None:
        """Remove the temporaries."""
        self.scratch.close()

    def _note(self, path: Path) -> None:
        if (looks := _look(path)) is not None:
            self._looks[path] = looks

    def _delete(self, path: Path) -> None:
        if self.may_change(path):
            with contextlib.suppress(OSError):  # it is not used; the new one takes its place
                path.unlink(missing_ok=True)

    def _check(self, facts: SegmentFacts, path: Path, name: SegmentName) -> None:
        first, end = name
        if not path.with_suffix(".sha256").exists():
            raise ValueError("its hash is not beside it")
        if (facts.first, facts.end) != (first, end):
            raise ValueError(f"it holds the entries [{facts.first}, {facts.end})")
        if facts.origin != self._source.origin:
            raise ValueError(f"it is of the log {facts.origin}")
        if end - first != self._entries or first % self._entries:
            raise ValueError(f"segments have {self._entries} entries here")
        if end > self._source.published().checkpoint.size:
            raise ValueError("it reaches beyond what the log has published")


def _look(path: Path) -> tuple[int, ...] | None:
    """What tells a file from what it was before, without reading it; ``None`` when it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    # Whoever sets the time of the last change back changes that of the inode.
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
