"""Following a log: a thread that takes in what is new at once, and does what can wait when there is nothing new."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from indelible.index.rows import ROWS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.config import IndexSettings
    from indelible.index.indexer import Indexer
    from indelible.index.parts import Part, Parts
    from indelible.index.resident_columns import ResidentColumns
    from indelible.index.source import EntrySource
    from indelible.index.text_filters import TextFilters

__all__ = ["Follower"]

_log = logging.getLogger("indelible.index")

_IDLE = 0.5
_GATHERING = 12
"""How many times as long as the last entries took the next ones gather: larger statements cost less an entry."""
_LONGEST_GATHERING = 0.35
"""Seconds, those among them in which the last ones were taken in: what is acknowledged should be found within one."""
_CHECK_WITHIN = 5.0
"""Seconds after which a segment is checked although there is something else to do."""


class Follower:
    """Keeps one index up with its log, in a thread of its own once it is started."""

    def __init__(
        self,
        source: EntrySource,
        parts: Parts,
        indexer: Indexer,
        filters: TextFilters,
        columns: ResidentColumns,
        settings: IndexSettings,
    ) -> None:
        self._source = source
        self._parts = parts
        self._indexer = indexer
        self._filters = filters
        self._columns = columns
        self._settings = settings
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._check_next = 0.0  # when, at the latest

    def start(self) -> None:
        """Follow from now on."""
        self._thread = threading.Thread(target=self._follow, name="indelible-index", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following; returns when the thread has ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                done = self._indexer.step(self._source.acknowledged())
                took = time.monotonic() - began
                pause = 0.0 if done >= ROWS_AT_ONCE else self._do_what_can_wait(done, took)
            except Exception as error:  # noqa: BLE001 - the log goes on whatever happens here; the lag says that this does not
                _log.warning("index_delayed", extra={"reason": f"{type(error).__name__}: {error}"})
                pause = self._settings.retry_interval
            self._stopping.wait(pause)

    def _do_what_can_wait(self, done: int, took: float) -> float:
        """After ``done`` entries, which took so many seconds, do a little of what can wait, or wait.

        Gives how long to let entries gather then.
        """
        gathering = max(self._settings.interval, min(_GATHERING * took, _LONGEST_GATHERING))
        pause = max(gathering - took, 0.0)
        began = time.monotonic()
        if (not done or began > self._check_next) and self._indexer.check():
            self._check_next = began + _CHECK_WITHIN
            return pause
        while self._goes_on(self._parts.view.parts):
            spent = time.monotonic() - began
            if spent >= took / 2:  # a filter costs less than its rows did, so this keeps up with a log that never rests
                return pause if done else min(spent, pause)  # and takes half of a processor at most when it does
        if not done:
            self._source.wait(self._parts.view.indexed, _IDLE)
        return pause

    def _goes_on(self, parts: Sequence[Part]) -> bool:
        return self._columns.step(parts) or self._filters.step(parts)
