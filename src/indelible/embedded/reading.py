"""Reading a log of a directory, in the same words whether this process writes it or something else does.

:class:`DirectoryReader` needs no lock and no key, and changes nothing on disk. Published entries come from the objects,
those beyond the checkpoint from the journal. The id runs on disk lag behind a running writer, which holds the newest
ids in memory; what they do not cover is looked through.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

from indelible.errors import FormatError, InvalidEvent, NotFound, NotYetPublished, Place
from indelible.events.identity import pack_id, unpack_id
from indelible.events.record import decode_record
from indelible.log import StoredEntry
from indelible.merkle import Hash, leaf_hash
from indelible.sdk.found import FoundEntry
from indelible.storage.posix import read_ids, read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.log import Log, Published, Reader
    from indelible.storage.posix import LogPaths

__all__ = ["DirectoryReader", "OpenLogReader", "Source", "found_entry"]

_POLL_SECONDS = 0.05


class Source(Protocol):
    """What can be asked of a log that lies in a directory; an index reads it too (``index.EntrySource``)."""

    @property
    def origin(self) -> str:
        """The log's name in the world."""
        ...

    def acknowledged(self) -> int:
        """How many entries are durable by now, published or not."""
        ...

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for the durable entries in ``[start, end)``, in order."""
        ...

    def bundle(self, number: int) -> bytes:
        """The bytes of a full entry bundle; ``NotFound`` while it is not full or not published."""
        ...

    def wait(self, beyond: int, timeout: float) -> None:
        """Return when more than ``beyond`` entries are durable, or after ``timeout`` seconds."""
        ...

    def get(self, index: int) -> StoredEntry:
        """The entry at ``index``, published or journaled; ``NotFound`` when there is none."""
        ...

    def look(self, index: int) -> StoredEntry:
        """The entry at ``index``, damaged or not: see :meth:`indelible.log.Reader.look`."""
        ...

    def find(self, event_id: str) -> int:
        """The index of an event; ``InvalidEvent`` when it is no id, ``NotFound`` when the log has no such event."""
        ...

    def prove(self, index: int) -> bytes:
        """The entry's tlog-proof; ``NotYetPublished`` when it is journaled only, ``NotFound`` when there is none."""
        ...

    def published(self) -> Published:
        """The checkpoint of this moment."""
        ...


def found_entry(stored: StoredEntry, *, proof: bytes | None = None) -> FoundEntry:
    """An entry as the SDK gives it."""
    return FoundEntry(
        index=stored.index,
        entry=stored.entry,
        leaf_hash=stored.leaf_hash.hex(),
        published=stored.published,
        damage=None if stored.damage is None else str(stored.damage),
        proof=proof,
    )


class OpenLogReader:
    """A log that this process writes."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.origin = log.origin

    def acknowledged(self) -> int:
        """See :class:`Source`."""
        return self._log.reader.acknowledged

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """See :class:`Source`."""
        return self._log.reader.read(start, end)

    def bundle(self, number: int) -> bytes:
        """See :class:`Source`."""
        return self._log.reader.bundle(number)

    def wait(self, beyond: int, timeout: float) -> None:
        """See :class:`Source`."""
        self._log.reader.wait_acknowledged(beyond, timeout)

    def get(self, index: int) -> StoredEntry:
        """See :class:`Source`."""
        return self._log.reader.get(index)

    def look(self, index: int) -> StoredEntry:
        """See :class:`Source`."""
        return self._log.reader.look(index)

    def find(self, event_id: str) -> int:
        """See :class:`Source`."""
        _pack(event_id)
        index = self._log.reader.find(event_id)
        if index is None:
            raise NotFound(f"the log has no event {event_id}")
        return index

    def prove(self, index: int) -> bytes:
        """See :class:`Source`."""
        return self._log.reader.prove(index)

    def published(self) -> Published:
        """See :class:`Source`."""
        return self._log.reader.published


class DirectoryReader:
    """A log that something else may be writing."""

    def __init__(self, reader: Reader, paths: LogPaths, *, origin: str) -> None:
        """``reader`` serves what is published; ``paths`` says where the journal and the ids lie."""
        self._reader = reader
        self._paths = paths
        self.origin = origin

    def acknowledged(self) -> int:
        """See :class:`Source`."""
        with read_journal(self._paths.journal) as journal:
            end = journal.end
        self._reader.refresh()
        return max(end, self._reader.size)

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """See :class:`Source`."""
        while start < end:
            self._reader.refresh()
            began = start
            for index, entry in self._from(start, end):
                yield index, entry
                start = index + 1
            if start == began:
                self._reader.refresh()
                if start >= self._reader.size:  # else it has moved from the journal into the objects meanwhile
                    return

    def bundle(self, number: int) -> bytes:
        """See :class:`Source`."""
        return self._reader.bundle(number)

    def wait(self, beyond: int, timeout: float) -> None:
        """See :class:`Source`."""
        deadline = time.monotonic() + timeout
        seen = None
        while True:
            if (now := self._marks()) != seen:
                seen = now
                if self.acknowledged() > beyond:
                    return
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _POLL_SECONDS))

    def get(self, index: int) -> StoredEntry:
        """See :class:`Source`."""
        if index >= self._reader.size:
            self._reader.refresh()
        if index >= self._reader.size:
            for found, entry in self._journaled():
                if found == index:
                    return StoredEntry(index, entry, Hash(leaf_hash(entry)), published=False)
            self._reader.refresh()  # it may have moved from the journal into the objects meanwhile
        return self._reader.get(index)

    def look(self, index: int) -> StoredEntry:
        """See :class:`Source`."""
        if index >= self._reader.size and not (stored := self.get(index)).published:
            return stored
        return self._reader.look(index)

    def find(self, event_id: str) -> int:
        """See :class:`Source`."""
        wanted = _pack(event_id)
        event_id = unpack_id(wanted)
        ids = read_ids(self._paths.ids)
        index = ids.lookup([wanted])[0]
        if index is not None:
            return index
        for found, entry in self._journaled():
            if _has_id(entry, event_id):
                return found
        self._reader.refresh()  # after the journal: what has left it since is in the objects now
        for found, entry in self._reader.entries(ids.end, self._reader.size):
            if _has_id(entry, event_id):
                return found
        raise NotFound(f"the log has no event {event_id}")

    def prove(self, index: int) -> bytes:
        """See :class:`Source`."""
        if not self.get(index).published:
            raise NotYetPublished(
                f"entry {index} is durable, but no checkpoint covers it yet; the log's writer will publish it",
                retry_after=1.0,
            )
        return self._reader.prove(index)

    def published(self) -> Published:
        """See :class:`Source`."""
        self._reader.refresh()
        return self._reader.published

    def _from(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Entries from ``start`` on without a gap, from the objects or from the journal; perhaps not all."""
        if start < self._reader.size:
            yield from self._reader.entries(start, end)
            return
        with read_journal(self._paths.journal) as journal:
            for expected, (index, entry) in enumerate(journal.replay(start), start):
                if index != expected or index >= end:
                    return
                yield index, entry

    def _marks(self) -> tuple[object, ...]:
        """What differs when something was written: cheaper to look at than the journal, which is checked when read."""
        try:
            with os.scandir(self._paths.journal) as files:
                journal = sorted((file.name, file.stat().st_size) for file in files)
            checkpoint = (self._paths.objects / "checkpoint").stat()
        except FileNotFoundError:  # the writer has just trimmed its journal
            return (object(),)
        return (*journal, checkpoint.st_ino, checkpoint.st_mtime_ns)

    def _journaled(self) -> Iterator[tuple[int, bytes]]:
        with read_journal(self._paths.journal) as journal:
            yield from journal.replay(self._reader.size)


def _pack(event_id: str) -> bytes:
    try:
        return pack_id(event_id)
    except ValueError as error:
        raise InvalidEvent([Place("/id", str(error))]) from error


def _has_id(entry: bytes, event_id: str) -> bool:
    # Nearly every entry is ruled out without being decoded.
    if event_id.encode() not in entry:
        return False
    try:
        return decode_record(entry).get("id") == event_id
    except FormatError:  # it may be the one, altered: reading it says so
        return True
