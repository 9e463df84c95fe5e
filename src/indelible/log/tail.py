"""The entries that are acknowledged and not yet in published tiles, held in memory, and some of those before them.

The sequencer appends; the publisher takes a snapshot and afterwards tells what it has published; readers look up.
Two sizes matter: ``end`` (journaled) and ``start`` (published). Whoever waits for a published size waits here.

What was published last stays for those who follow the log. From the bundles it would come several times more slowly
while the log is written to, since each file that is read gives up the interpreter and waits for it again: a follower
that once fell behind the publisher would fall behind ever further.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.merkle import Hash

__all__ = ["Tail"]

_RECENT_BYTES: Final = 32 * 2**20
"""How much of what was published last stays."""


class Tail:
    """Entries ``[start, end)`` with their leaf hashes, and recent ones before. Safe to use from any thread."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._entries: list[bytes] = []
        self._hashes: list[Hash] = []
        self._recent: deque[tuple[int, list[bytes], int]] = deque()  # first index, entries, bytes; ascending
        self._recent_bytes = 0
        self._changed = threading.Condition()  # guards every field
        self._waiters: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stopped = False

    @property
    def start(self) -> int:
        """The published size: entries below it are in the tiles."""
        return self._start

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

    def read(self, start: int, end: int) -> list[bytes] | None:
        """The first entries of ``[start, end)``, as many as lie together, or ``None`` when ``start`` is here no more.

        There are none where ``start`` is not journaled yet.
        """
        with self._changed:
            if start >= self._start:
                return self._entries[start - self._start : max(end, start) - self._start]
            for first, entries, _ in reversed(self._recent):
                if first <= start < first + len(entries):
                    return entries[start - first : max(end, start) - first]
            return None

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
        """Keep entries that are published now, at most so many bytes with those before, which make room for them."""
        size = sum(map(len, entries))
        if entries:
            self._recent.append((self._start, entries, size))
            self._recent_bytes += size
        while self._recent_bytes > _RECENT_BYTES:
            self._recent_bytes -= self._recent.popleft()[2]

    def _take_due(self) -> list[Callable[[], None]]:
        due = []
        while self._waiters and self._waiters[0][0] <= self._start:
            due.append(heapq.heappop(self._waiters)[2])
        return due
