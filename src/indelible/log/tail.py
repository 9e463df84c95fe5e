"""The entries that are acknowledged and not yet in published tiles, held in memory, and some of those before them.

The sequencer appends; the publisher takes a snapshot and afterwards tells what it has published; readers look up.
Two sizes matter: ``end`` (journaled) and ``start`` (published). Whoever waits for a published size waits here.

What was published last stays for the search index, which follows the log. From the bundles it would come more slowly
while the log is written to, since each file that is read gives up the interpreter and waits for it again: an index that
once fell behind the publisher would fall behind ever further.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.merkle import Hash

__all__ = ["Tail"]

_ENTRY_BYTES: Final = sys.getsizeof(b"") + 8
"""What an entry in a list takes in memory beside its own bytes."""


class Tail:
    """Entries ``[start, end)`` with their leaf hashes, and recent ones before. Safe to use from any thread."""

    def __init__(self, start: int, *, recent_bytes: int = 0) -> None:
        """Begin where ``start`` entries are published; those published next stay within so many bytes of memory.

        None may stay where another process writes the log: what it has journaled can still be lost, and replaced.
        """
        self._start = start
        self._recent_bytes = recent_bytes
        self._entries: list[bytes] = []
        self._hashes: list[Hash] = []
        self._recent: list[bytes] = []  # those right before ``start``
        self._recent_size = 0  # bytes of memory
        self._changed = threading.Condition()  # guards every field
        self._waiters: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stopped = False

    @property
    def start(self) -> int:
        """The published size: entries below it are in the tiles."""
        return self._start

    @property
    def first(self) -> int:
        """The index of the first entry that is here, published or not."""
        with self._changed:
            return self._start - len(self._recent)

    @property
    def end(self) -> int:
        """The journaled size: the index that the next entry gets."""
        with self._changed:
            return self._start + len(self._entries)

    def extend(self, entries: Sequence[bytes], hashes: Sequence[Hash]) -> None:
        """Add entries that have become durable in the journal."""
        with self._changed:
            self._entries.extend(entries)
            self._hashes.extend(hashes)
            self._changed.notify_all()

    def get(self, index: int) -> tuple[bytes, Hash] | None:
        """The entry at ``index`` with its leaf hash, or ``None`` when it is below ``start`` or not there yet."""
        with self._changed:
            position = index - self._start
            if not 0 <= position < len(self._entries):
                return None
            return self._entries[position], self._hashes[position]

    def read(self, start: int, end: int, *, recent: bool = False) -> list[bytes] | None:
        """The first entries of ``[start, end)``, or ``None`` when ``start`` is in the tiles by now.

        With ``recent``, ``None`` only when it is here no more. There are none where ``start`` is not journaled yet.
        """
        with self._changed:
            first, entries = self._start, self._entries
            if recent and start < first:
                first, entries = first - len(self._recent), self._recent
            return entries[start - first : max(end, start) - first] if start >= first else None

    def wait_beyond(self, size: int, timeout: float) -> None:
        """Wait until more than ``size`` entries are journaled, or ``timeout`` seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._start + len(self._entries) > size or self._stopped, timeout)

    def snapshot(self, most: int) -> tuple[list[bytes], list[Hash]]:
        """The first ``most`` entries beyond ``start`` and their leaf hashes."""
        with self._changed:
            return self._entries[:most], self._hashes[:most]

    def published(self, size: int) -> None:
        """Move on to a published checkpoint of ``size``, and call those who waited for it."""
        with self._changed:
            count = size - self._start
            self._remember(self._entries[:count])
            del self._entries[:count]
            del self._hashes[:count]
            self._start = size
            self._changed.notify_all()
            due = self._take_due()
        for callback in due:
            callback()

    def when_published(self, size: int, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, when the published size has reached ``size`` or never will; at once if it has."""
        with self._changed:
            if self._start < size and not self._stopped:
                heapq.heappush(self._waiters, (size, next(self._order), callback))
                return
        callback()

    def wait_for(self, ready: Callable[[], bool], timeout: float) -> bool:
        """Wait until ``ready()``, tried again at each change, holds, or ``timeout`` seconds have passed.

        ``ready`` runs under the lock: it may look at ``length`` and at flags, and must not call other methods here.
        """
        with self._changed:
            return self._changed.wait_for(ready, timeout)

    @property
    def length(self) -> int:
        """How many entries are held, without taking the lock: for conditions and gauges."""
        return len(self._entries)

    def poke(self) -> None:
        """Let those who wait look again at their condition."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing will be published any more: call everyone who still waits."""
        with self._changed:
            self._stopped = True
            due = [callback for _, _, callback in sorted(self._waiters)]
            self._waiters.clear()
            self._changed.notify_all()
        for callback in due:
            callback()

    def _remember(self, entries: list[bytes]) -> None:
        """Keep entries that are published now, within the bound; those before make room for them."""
        self._recent += entries
        self._recent_size += sum(map(_memory_of, entries))
        dropped = 0
        while self._recent_size > self._recent_bytes:
            self._recent_size -= _memory_of(self._recent[dropped])
            dropped += 1
        del self._recent[:dropped]

    def _take_due(self) -> list[Callable[[], None]]:
        due = []
        while self._waiters and self._waiters[0][0] <= self._start:
            due.append(heapq.heappop(self._waiters)[2])
        return due


def _memory_of(entry: bytes) -> int:
    return len(entry) + _ENTRY_BYTES
