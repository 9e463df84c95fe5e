"""Following a log of a directory, whether this process writes it or something else does.

What is durable is read in the order of the log and held against the query one by one; no index is needed.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from indelible.embedded.effects import Call
from indelible.embedded.queries import parsed
from indelible.embedded.reading import found_entry
from indelible.errors import FormatError
from indelible.events.record import decode_record
from indelible.events.stored_record import check_record
from indelible.log import StoredEntry
from indelible.merkle import leaf_hash
from indelible.query.evaluate import compile_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indelible.embedded.reading import Source
    from indelible.sdk.found import FoundEntry
    from indelible.sdk.plan import Plan

__all__ = ["TailEntries"]

_WAIT_SECONDS = 0.25  # and with it how long `stop` may take
_AT_ONCE = 1_000


class TailEntries:
    """What matches beyond an index, as it becomes durable; see :class:`indelible.sdk.feed.Feed`."""

    def __init__(self, source: Source, query: str, after: int | None) -> None:
        self._source = source
        self._query = query
        self._next = None if after is None else after + 1
        self._matches: Callable[[Mapping[str, Any], int], bool] | None = None
        self._stopped = threading.Event()

    def next(self) -> Plan[list[FoundEntry] | None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        while not self._stopped.is_set():
            if self._next is None:
                self._next = yield Call(self._source.acknowledged)
            start = self._next
            end, found = yield Call(partial(self._read, start))
            self._next = end  # only here: a plan that was abandoned above is begun again where it began
            if found:
                return list(found)
        return None

    def stop(self) -> None:
        """See :class:`indelible.sdk.feed.Feed`."""
        self._stopped.set()

    def close(self) -> Plan[None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        yield from ()

    def _read(self, start: int) -> tuple[int, list[FoundEntry]]:
        """What matches among the next entries, and up to where they were read."""
        if self._matches is None:
            self._matches = compile_query(parsed(self._query, time.time_ns() // 1_000))
        self._source.wait(start, _WAIT_SECONDS)
        end = max(start, min(self._source.acknowledged(), start + _AT_ONCE))
        published = self._source.published().checkpoint.size
        found = []
        for index, entry in self._source.entries(start, end):
            stored = StoredEntry(index, entry, leaf_hash(entry), published=index < published)
            try:
                check_record(entry)
                record = decode_record(entry)
            except FormatError:
                record = {}  # as the index sees it
                stored = self._source.look(index)
            if self._matches(record, index):
                found.append(found_entry(stored))
        return end, found
