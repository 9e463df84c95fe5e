"""Reading a log of a directory, in the same words whether this process writes it or something else does.

:class:`DirectoryReader` needs no lock and no key, and changes nothing on disk. Published entries come from the objects,
those beyond the checkpoint from the journal. The id runs on disk lag behind a running writer, which holds the newest
ids in memory; what they do not cover is looked through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from indelible.errors import InvalidEvent, NotFound, NotYetPublished, Place
from indelible.events.identity import pack_id, unpack_id
from indelible.events.record import decode_record
from indelible.log import StoredEntry
from indelible.merkle import Hash, leaf_hash
from indelible.storage.posix import read_ids, read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.log import Log, Published, Reader
    from indelible.storage.posix import LogPaths

__all__ = ["DirectoryReader", "OpenLogReader", "Source"]


class Source(Protocol):
    """What can be asked of a log that lies in a directory."""

    def get(self, index: int) -> StoredEntry:
        """The entry at ``index``, published or journaled; ``NotFound`` when there is none."""
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


class OpenLogReader:
    """A log that this process writes."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def get(self, index: int) -> StoredEntry:
        """See :class:`Source`."""
        return self._log.reader.get(index)

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

    def __init__(self, reader: Reader, paths: LogPaths) -> None:
        """``reader`` serves what is published; ``paths`` says where the journal and the ids lie."""
        self._reader = reader
        self._paths = paths

    def get(self, index: int) -> StoredEntry:
        """See :class:`Source`."""
        self._reader.refresh()
        if index >= self._reader.size:
            for found, entry in self._journaled():
                if found == index:
                    return StoredEntry(index, entry, Hash(leaf_hash(entry)), published=False)
            self._reader.refresh()  # it may have moved from the journal into the objects meanwhile
        return self._reader.get(index)

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
    return event_id.encode() in entry and decode_record(entry)["id"] == event_id
