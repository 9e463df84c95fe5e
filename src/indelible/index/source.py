"""What an index needs of the log that it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.log import Log, Published, ReadOnlyLog, StoredEntry

__all__ = ["EntrySource", "LogSource"]


class EntrySource(Protocol):
    """A log to read from, which something else may be writing. Safe to use from any thread."""

    @property
    def origin(self) -> str:
        """The log's name in the world."""
        ...

    def acknowledged(self) -> int:
        """How many entries are durable by now, published or not."""
        ...

    def published(self) -> Published:
        """The checkpoint of this moment."""
        ...

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for the acknowledged entries in ``[start, end)``, in order."""
        ...

    def get(self, index: int) -> StoredEntry:
        """The entry at ``index``; ``NotFound`` when there is none."""
        ...

    def bundle(self, number: int) -> bytes:
        """The bytes of a full entry bundle; ``NotFound`` while it is not full or not published."""
        ...

    def wait(self, beyond: int, timeout: float) -> None:
        """Return when more than ``beyond`` entries are acknowledged, or after ``timeout`` seconds."""
        ...


class LogSource:
    """The log that this process has open."""

    def __init__(self, log: Log | ReadOnlyLog) -> None:
        self._log = log  # and not its reader: a log that something else writes moves on when it is asked for one
        self.origin = log.origin

    def acknowledged(self) -> int:
        """See :class:`EntrySource`."""
        return self._log.reader.acknowledged

    def published(self) -> Published:
        """See :class:`EntrySource`."""
        return self._log.reader.published

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """See :class:`EntrySource`."""
        return self._log.reader.read(start, end, recent=True)

    def get(self, index: int) -> StoredEntry:
        """See :class:`EntrySource`."""
        return self._log.reader.get(index)

    def bundle(self, number: int) -> bytes:
        """See :class:`EntrySource`."""
        return self._log.reader.bundle(number)

    def wait(self, beyond: int, timeout: float) -> None:
        """See :class:`EntrySource`."""
        self._log.reader.wait_acknowledged(beyond, timeout)
