"""Requests that wait to be sequenced. Those that arrive while a group is being written travel together in the next.

The pool is bounded in entries and bytes; a request that finds it full is refused at once, never queued without end.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from indelible.errors import Closed, Overloaded

if TYPE_CHECKING:
    from indelible.log.submission import Submission

__all__ = ["Pool"]


class Pool:
    """A bounded queue between the callers and one sequencer. Safe to use from any thread."""

    def __init__(self, *, max_entries: int, max_bytes: int) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._waiting: deque[Submission] = deque()
        self._changed = threading.Condition()  # guards every field below
        self._entries = 0
        self._bytes = 0
        self._closed = False
        self._woken = False

    @property
    def entries(self) -> int:
        """Entries that wait now."""
        return self._entries

    @property
    def bytes(self) -> int:
        """Bytes that wait now."""
        return self._bytes

    def has_room(self, entries: int) -> bool:
        """Whether so many entries more would be taken now, as far as their number goes."""
        return not self._waiting or self._entries + entries <= self._max_entries

    def put(self, submission: Submission) -> None:
        """Queue a request.

        Raises:
            Overloaded: the pool is full. A request larger than the whole pool is taken when the pool is empty.
            Closed: the log is shutting down.
        """
        count = len(submission.events)
        with self._changed:
            if self._closed:
                raise Closed("the log is shutting down; send the request again once it is back")
            full = self._entries + count > self._max_entries or self._bytes + submission.bytes > self._max_bytes
            if full and self._waiting:
                raise Overloaded("too many events are waiting to be written; send this request again in a moment")
            self._waiting.append(submission)
            self._entries += count
            self._bytes += submission.bytes
            if len(self._waiting) == 1:
                self._changed.notify()

    def take(self, max_entries: int, timeout: float | None = None) -> list[Submission]:
        """Wait for requests and take as many as hold ``max_entries`` together, at least one.

        Returns an empty list after ``wake``, after ``timeout`` seconds, and when the pool is closed and empty.
        """
        with self._changed:
            if not self._waiting and not self._woken and not self._closed:
                self._changed.wait(timeout)
            self._woken = False
            group: list[Submission] = []
            entries = 0
            while self._waiting and (not group or entries + len(self._waiting[0].events) <= max_entries):
                submission = self._waiting.popleft()
                entries += len(submission.events)
                self._bytes -= submission.bytes
                group.append(submission)
            self._entries -= entries
            return group

    def wake(self) -> None:
        """Let ``take`` return even when nothing waits."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def close(self) -> None:
        """Refuse new requests. Those that wait can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def drained(self) -> bool:
        """Whether the pool is closed and empty."""
        with self._changed:
            return self._closed and not self._waiting
