"""Searching a log of a directory: the index over it, which is brought up to date before each question.

The index says which entries match; what is given is read from the log. A bare installation has no index, and says what
to install instead.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from indelible.embedded.effects import Call
from indelible.embedded.queries import parsed, searchable_field
from indelible.embedded.reading import found_entry
from indelible.errors import DamagedObject, NotYetPublished, UsageError
from indelible.events.exports import FORMATS, write_export
from indelible.query.ast import Match, Range
from indelible.query.fields import FIELDS
from indelible.query.formula import both
from indelible.sdk.found import Bucket, Coverage, Facets, FoundEntry, Histogram
from indelible.sdk.question import as_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indelible.config import IndexSettings
    from indelible.embedded.reading import Source
    from indelible.events.exports import Run
    from indelible.index import Coverage as Searched
    from indelible.index import LogIndex
    from indelible.query.ast import Field, Query
    from indelible.sdk.plan import Plan
    from indelible.sdk.question import ExportFormat, Question

__all__ = ["DirectorySearch", "ExportPieces", "SearchPages"]

_PAGE = 200
_RUN = 256  # entries of an export that are read, and then written, at once
_QUICKLY_INDEXED = 65_536
_WITHOUT_INDEX = "this is the bare install, without search: pip install 'indelible[server]'"


class DirectorySearch:
    """The index of one log of a directory, opened when it is first needed. Safe to use from any thread."""

    def __init__(
        self,
        folder: Path,
        source: Source,
        *,
        settings: IndexSettings,
        on_indexing: Callable[[int, int], None] | None = None,
    ) -> None:
        """``folder`` holds the segments; ``on_indexing`` is told how many entries are indexed, and of how many."""
        self.source = source
        self._folder = folder
        self._settings = settings
        self._on_indexing = on_indexing
        self._index: LogIndex | None = None
        self._lock = threading.Lock()  # guards _index

    def current(self) -> LogIndex:
        """The index, checked, with every entry that is durable now.

        Raises:
            UsageError: this installation cannot search.
            Unavailable: there is no space for what is missing.
        """
        index = self._opened()
        index.check_segments()
        index.catch_up(progress=self._on_indexing)
        return index

    def values(self, field: Field, prefix: str, limit: int) -> list[str]:
        """Values of a field that begin with ``prefix``, from the newest entries: for completion, and so at once.

        An index that lags far behind is not waited for.
        """
        index = self._opened()
        if index.lag <= _QUICKLY_INDEXED:
            index.catch_up()
        return index.values(field, prefix, limit)

    def close(self) -> None:
        """Close the index, if it was opened."""
        with self._lock:
            index, self._index = self._index, None
        if index is not None:
            index.close()

    def histogram(self, question: Question, buckets: int) -> Histogram:
        """See :meth:`indelible.sdk.audit_log.AuditLog.histogram`."""
        query = parsed(question.query, question.now_us)
        counted = self.current().histogram(
            query, since_us=question.since_us, until_us=question.until_us, buckets=buckets
        )
        return Histogram(
            buckets=tuple(
                Bucket(start=as_datetime(one.since_us), end=as_datetime(one.until_us), counts=one.counts)
                for one in counted.buckets
            ),
            coverage=_coverage(counted.coverage),
        )

    def facets(self, question: Question, name: str, limit: int) -> Facets:
        """See :meth:`indelible.sdk.audit_log.AuditLog.facets`."""
        field = searchable_field(name)
        query = _within(parsed(question.query, question.now_us), question)
        index = self.current()
        found = index.facets(query, field, limit=limit)
        matching = index.histogram(query, buckets=1)
        return Facets(
            field=name,
            values=tuple(found.values),
            distinct=found.distinct,
            total=sum(sum(bucket.counts.values()) for bucket in matching.buckets),
            coverage=_coverage(found.coverage),
        )

    def _opened(self) -> LogIndex:
        with self._lock:
            if self._index is None:
                try:
                    from indelible.index import LogIndex  # noqa: PLC0415 - a bare installation has no DuckDB
                except ModuleNotFoundError as error:
                    raise UsageError(_WITHOUT_INDEX) from error
                self._index = LogIndex.open(self._folder, self.source, settings=self._settings)
            return self._index


class SearchPages:
    """The pages of a search; see :class:`indelible.sdk.feed.SearchFeed`."""

    def __init__(self, search: DirectorySearch, question: Question) -> None:
        self._search = search
        self._question = question
        self._query: Query | None = None
        self._left = question.limit
        self._after: int | None = None
        self._stopped = False
        self.coverage: Coverage | None = None

    def next(self) -> Plan[list[FoundEntry] | None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        if self._stopped or self._left == 0:
            return None
        page: list[FoundEntry] = yield Call(self._page)
        return page

    def stop(self) -> None:
        """See :class:`indelible.sdk.feed.Feed`."""
        self._stopped = True

    def close(self) -> Plan[None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        yield from ()

    def _page(self) -> list[FoundEntry]:
        question = self._question
        if self._query is None:
            self._query = parsed(question.query, question.now_us)
        found = self._search.current().search(
            self._query,
            since_us=question.since_us,
            until_us=question.until_us,
            order=question.order,
            limit=_PAGE if self._left is None else min(_PAGE, self._left),
            after=self._after,
        )
        page = [self._entry(index) for index in found.indices]
        self._after = found.next
        self._stopped = self._stopped or found.next is None
        if self._left is not None:
            self._left -= len(page)
        self.coverage = _coverage(found.coverage)
        return page

    def _entry(self, index: int) -> FoundEntry:
        source = self._search.source
        proof = None
        if self._question.proof:
            # Without a proof what is given says that nothing more is known; that it is published, that one is due.
            with suppress(NotYetPublished, DamagedObject):
                proof = source.prove(index)
        return found_entry(source.look(index), proof=proof)


class ExportPieces:
    """The bytes of an export; see :class:`indelible.sdk.feed.Feed`."""

    def __init__(self, search: DirectorySearch, question: Question, form: ExportFormat) -> None:
        self._search = search
        self._question = question
        self._form = form
        self._pieces: Iterator[bytes] | None = None
        self._stopped = False

    def next(self) -> Plan[list[bytes] | None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        if self._stopped:
            return None
        piece: bytes | None = yield Call(self._piece)
        return None if piece is None else [piece]

    def stop(self) -> None:
        """See :class:`indelible.sdk.feed.Feed`."""
        self._stopped = True

    def close(self) -> Plan[None]:
        """See :class:`indelible.sdk.feed.Feed`."""
        yield from ()

    def _piece(self) -> bytes | None:
        if self._pieces is None:
            if self._form == "parquet":
                self._pieces = self._search.current().parquet(self._query(), order=self._question.order)
            else:
                self._pieces = write_export(FORMATS[self._form], self._runs(), log=self._search.source.origin)
        return next(self._pieces, None)

    def _query(self) -> Query:
        return _within(parsed(self._question.query, self._question.now_us), self._question)

    def _runs(self) -> Iterator[Run]:
        for indices in self._search.current().matches(self._query(), order=self._question.order):
            for start in range(0, len(indices), _RUN):
                rows = map(self._row, indices[start : start + _RUN])
                for published, run in groupby(rows, itemgetter(2)):
                    picked, entries, _ = zip(*run, strict=True)
                    yield picked, entries, published

    def _row(self, index: int) -> tuple[int, bytes, bool]:
        try:
            stored = self._search.source.get(index)
        except DamagedObject:
            return index, b"", True
        return index, stored.entry, stored.published


def _within(query: Query, question: Question) -> Query:
    """The query, bounded by the times of a question."""
    if question.since_us is None and question.until_us is None:
        return query
    return both(query, Match(FIELDS["occurred"].field, Range(question.since_us, question.until_us, high_open=True)))


def _coverage(searched: Searched) -> Coverage:
    return Coverage(
        size=searched.size,
        root=searched.root.hex(),
        indexed=searched.indexed,
        complete=searched.complete,
        unreadable=searched.unreadable,
    )
