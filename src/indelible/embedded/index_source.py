"""A log of a directory as a source for an index, while something else may be writing it.

Published entries come from the objects, those beyond the checkpoint from the journal, as it was when
:meth:`DirectorySource.acknowledged` was asked last: reading a journal checks all of it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from indelible.log import StoredEntry
from indelible.merkle import Hash, leaf_hash
from indelible.storage.posix import read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.log import Published, Reader
    from indelible.storage.posix import LogPaths

__all__ = ["DirectorySource"]


class DirectorySource:
    """See :class:`indelible.index.EntrySource`. Needs no lock and no key, and changes nothing."""

    def __init__(self, reader: Reader, paths: LogPaths, *, origin: str) -> None:
        """``reader`` serves what is published; ``paths`` says where the journal lies."""
        self.origin = origin
        self._reader = reader
        self._paths = paths
        self._lock = threading.Lock()  # guards the fields below
        self._first = 0
        self._journaled: list[bytes] = []

    def acknowledged(self) -> int:
        """See the protocol. Looks at the directory again."""
        with self._lock:
            # First the journal, then the checkpoint: what has left the journal by now is published.
            with read_journal(self._paths.journal) as journal:
                held = list(journal.replay(self._reader.size))
            self._first = held[0][0] if held else 0
            self._journaled = [entry for _, entry in held]
            self._reader.refresh()
            return max(self._reader.size, self._first + len(held))

    def published(self) -> Published:
        """See the protocol."""
        return self._reader.published

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """See the protocol."""
        yield from self._reader.entries(start, end)
        with self._lock:
            first, journaled = max(start, self._reader.size), self._journaled
            held = journaled[max(first - self._first, 0) : max(end - self._first, 0)]
        yield from enumerate(held, max(first, self._first))

    def get(self, index: int) -> StoredEntry:
        """See the protocol."""
        for _, entry in self.entries(max(index, self._reader.size), index + 1):
            return StoredEntry(index, entry, Hash(leaf_hash(entry)), published=False)
        return self._reader.get(index)

    def bundle(self, number: int) -> bytes:
        """See the protocol."""
        return self._reader.bundle(number)

    def wait(self, beyond: int, timeout: float) -> None:
        """See the protocol: nothing tells when something else has written, so this waits."""
        if self.acknowledged() <= beyond:
            time.sleep(timeout)
