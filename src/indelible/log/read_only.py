"""A log that is only read: by a server that must not write, or because another log has succeeded it.

Holds no lock and no keys, and writes nothing. It moves on with whatever else writes the same storage, at most once in
:data:`REFRESH_SECONDS`. What was acknowledged and not published when it was opened can be read from the start; what is
acknowledged later, once a checkpoint covers it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from indelible.errors import Damaged
from indelible.events.identity import pack_id, unpack_id
from indelible.log.clock import SystemClock
from indelible.log.log import LogStatus
from indelible.log.measures import Measures
from indelible.log.reader import Reader
from indelible.log.recovery import read_head
from indelible.log.tail import Tail
from indelible.merkle import leaf_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from indelible.log.clock import Clock
    from indelible.storage.protocols import ObjectReader

__all__ = ["REFRESH_SECONDS", "IdLookup", "ReadOnlyLog"]

REFRESH_SECONDS = 1.0


class IdLookup(Protocol):
    """The ids of the entries ``[0, end)``."""

    @property
    def end(self) -> int:
        """How many entries are covered."""
        ...

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        """The index of each id, or ``None`` for one that no covered entry has."""
        ...


class ReadOnlyLog:
    """What can be asked of a log without writing it. Safe to use from any thread."""

    def __init__(
        self,
        *,
        name: str,
        origin: str,
        reason: str,
        objects: ObjectReader,
        ids: IdLookup,
        journaled: Callable[[int], Iterable[tuple[int, bytes]]],
        clock: Clock | None = None,
    ) -> None:
        """Read a log as it is now.

        Args:
            name: For messages.
            origin: The log's origin.
            reason: Why it takes no appends, for whoever tries.
            objects: Its tiles and bundles.
            ids: The ids that are on disk; those of later entries are read from the entries.
            journaled: Gives ``(index, entry)`` for the journaled entries from an index on.
            clock: Time; the machine's by default.

        Raises:
            Damaged: something stored is not what was written, or the checkpoint is lost.
        """
        self.name = name
        self.origin = origin
        self.reason = reason
        self.measures = Measures()
        self._clock = clock or SystemClock()
        first = Reader.open(objects)
        held = list(journaled(first.size))
        first.refresh()  # after the journal: what has left it since is in the objects now
        entries = [entry for index, entry in held if index >= first.size]
        self._tail = Tail(first.size)
        self._tail.extend(entries, leaf_hashes(entries))
        self._reader = Reader(objects, first.published, tail=self._tail, ids=_Ids(ids, self._entries))
        self._lock = threading.Lock()  # one refresh at a time
        self._refreshed = self._changed = self._clock.monotonic()

    @property
    def reader(self) -> Reader:
        """The log, as of a checkpoint not older than a moment."""
        now = self._clock.monotonic()
        if now - self._refreshed >= REFRESH_SECONDS:
            with self._lock:
                before = self._reader.published
                self._reader.refresh()
                if self._reader.size > before.checkpoint.size:
                    self._tail.published(self._reader.size)
                if self._reader.published.note != before.note:
                    self._changed = now
                self._refreshed = now
        return self._reader

    @property
    def status(self) -> LogStatus:
        """How the log is now. The checkpoint's age counts from when it was first seen here."""
        published = self.reader.published
        return LogStatus(
            size=published.checkpoint.size,
            root=published.checkpoint.root,
            checkpoint=published.note,
            journaled=max(self._tail.end, published.checkpoint.size),
            read_only=self.reason,
            pool_entries=0,
            pool_bytes=0,
            checkpoint_age=self._clock.monotonic() - self._changed,
            scrub_findings=None,
            scrubbed_at=None,
        )

    def close(self) -> None:
        """There is nothing to release."""

    def _entries(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Every entry from ``start`` on that can be read now."""
        size = self._reader.size
        yield from self._reader.entries(start, size)
        for index in range(max(start, size), self._tail.end):
            if (held := self._tail.get(index)) is not None:
                yield index, held[0]


class _Ids:
    """The ids on disk, and those of the entries after them as they are asked for."""

    def __init__(self, ids: IdLookup, entries: Callable[[int], Iterator[tuple[int, bytes]]]) -> None:
        self._ids = ids
        self._entries = entries
        self._later: dict[bytes, int] = {}
        self._damaged: list[tuple[int, bytes]] = []
        self._end = ids.end
        self._lock = threading.Lock()  # guards the three fields above

    @property
    def end(self) -> int:
        """See :class:`IdLookup`."""
        return self._end

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        """See :class:`IdLookup`."""
        found = self._ids.lookup(ids)
        if None not in found:
            return found
        with self._lock:
            for index, entry in self._entries(self._end):
                try:
                    self._later[pack_id(read_head(entry).id)] = index
                except (Damaged, ValueError):
                    self._damaged.append((index, entry))
                self._end = index + 1
            return [self._find(id_) if index is None else index for id_, index in zip(ids, found, strict=True)]

    def _find(self, id_: bytes) -> int | None:
        index = self._later.get(id_)
        if index is None:  # an entry that is no record any more, and holds the id, may be the one: reading it says so
            text = unpack_id(id_).encode()
            index = next((damaged for damaged, entry in self._damaged if text in entry), None)
        return index
