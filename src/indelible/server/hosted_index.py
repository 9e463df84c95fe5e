"""The index of a hosted log, opened when there is something for it to do: a thousand idle logs must cost little.

An index holds a database, its threads and some megabytes. So it is opened by the first search, by the first append
since the start, or at once where the log is so long that building what may be missing would keep a search waiting.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from indelible.errors import Closed, Unavailable
from indelible.index import LogIndex, LogSource

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.config import IndexSettings
    from indelible.log import Log, ReadOnlyLog

__all__ = ["HostedIndex"]


class HostedIndex:
    """One log's index, open or not. Safe to use from any thread."""

    def __init__(self, folder: Path, log: Log | ReadOnlyLog, settings: IndexSettings, *, writable: bool = True) -> None:
        """Nothing is opened yet. Unless ``writable``, what the folder lacks is kept elsewhere."""
        self._writable = writable
        self._folder = folder
        self._log = log
        self._settings = settings
        self._lock = threading.Lock()  # guards opening and closing
        self._index: LogIndex | None = None
        self._closed = False
        at_start = log.reader.acknowledged
        self._idle_size = 0 if at_start >= settings.segment_entries else at_start

    @property
    def wanted(self) -> bool:
        """Whether the configuration asks for an index."""
        return self._settings.enabled

    def get(self) -> LogIndex:
        """The index, following its log.

        Raises:
            Unavailable: the configuration does without.
            Closed: the server is stopping.
        """
        index = self._index
        if index is not None:
            return index
        if not self.wanted:
            raise Unavailable(
                "this server keeps no search index: [index] enabled is false in its configuration", retry_after=60.0
            )
        with self._lock:
            if self._closed:
                raise Closed(f"the log {self._log.name} is closing", retry_after=1.0)
            if self._index is None:
                opened = LogIndex.open(
                    self._folder, LogSource(self._log), settings=self._settings, writable=self._writable
                )
                opened.start()
                # A log that was short at the start: the first search waits a moment and looks at all of that.
                with suppress(Exception):  # the thread just started meets the same, says so and tries again
                    opened.catch_up(upto=self._idle_size)
                self._index = opened
            return self._index

    def wake(self) -> None:
        """Open the index when the log has grown since the start, or was long then."""
        if self.wanted and self._index is None and self._log.reader.acknowledged > self._idle_size:
            self.get()

    @property
    def lag(self) -> int:
        """Entries that are acknowledged and not indexed; 0 while the index has nothing to do."""
        return 0 if self._index is None else self._index.lag

    def close(self) -> None:
        """Stop following, and release everything. Closing twice is no error."""
        with self._lock:
            self._closed = True
            if self._index is not None:
                self._index.close()
