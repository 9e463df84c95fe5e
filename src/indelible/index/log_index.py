"""The index of one log: open it, let it follow, ask it.

The index narrows, the log answers: what is found here are indices of entries, and whoever shows an event takes it from
the log, where it can be proven. Everything here is derived. Deleting the folder and opening it again gives the same
answers, later.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Self

from indelible.config import IndexSettings
from indelible.errors import UsageError
from indelible.index.answers import Coverage, Facets, Found, Histogram
from indelible.index.asked import Asked
from indelible.index.control import Control
from indelible.index.counting import count_over_time, count_values, list_values
from indelible.index.database import open_database
from indelible.index.follower import Follower
from indelible.index.indexer import Indexer
from indelible.index.parts import Parts
from indelible.index.query_runner import QueryRunner
from indelible.index.resident_columns import RESIDENT_FIELDS, ResidentColumns
from indelible.index.segment_folder import SegmentFolder
from indelible.index.text_filters import TextFilters
from indelible.query.ast import Everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    import duckdb

    from indelible.index.order import Order
    from indelible.index.scan import Scan
    from indelible.index.source import EntrySource
    from indelible.query.ast import Field, Query

__all__ = ["LogIndex"]

_EXPORT_PARTS = 2
_PIECE = 1 << 18
_LONGEST_PAGE = 100_000
_MOST_BUCKETS = 10_000


class LogIndex:
    """Search over one log. Safe to use from any thread."""

    def __init__(
        self,
        source: EntrySource,
        segments: SegmentFolder,
        connection: duckdb.DuckDBPyConnection,
        settings: IndexSettings,
    ) -> None:
        """Use :meth:`open`."""
        self._source = source
        self._segments = segments
        self._connection = connection
        self._parts = Parts()
        self._indexer = Indexer(source, connection, segments, self._parts, settings)
        self._filters = TextFilters(segments, source, settings)
        self._columns = ResidentColumns(connection, self._indexer, settings)
        self._queries = QueryRunner(connection, source, self._parts, self._indexer, self._filters, self._columns)
        self._follower = Follower(source, self._parts, self._indexer, self._filters, self._columns, settings)

    @classmethod
    def open(
        cls, folder: Path, source: EntrySource, *, settings: IndexSettings | None = None, writable: bool = True
    ) -> Self:
        """Open the index that lies in ``folder``, with the segments that are there; nothing is built yet.

        A folder that cannot be written, or must not be, is read, and what it lacks is kept elsewhere until the index is
        closed.
        """
        settings = settings or IndexSettings()
        folder = folder.resolve()
        segments = SegmentFolder.open(folder, source, settings, writable=writable)
        try:
            connection = open_database(segments.folders, segments.scratch.path, settings)
            return cls(source, segments, connection, settings)
        except BaseException:
            segments.close()
            raise

    def start(self) -> None:
        """Follow the log from now on, in a thread. Without it, :meth:`catch_up` does what there is to do."""
        self._follower.start()

    def catch_up(self, *, upto: int | None = None, progress: Callable[[int, int], None] | None = None) -> None:
        """Index every entry below ``upto``, by default all that are acknowledged now.

        ``progress`` is called with how many entries are indexed, and of how many.

        Raises:
            Unavailable: there is no space for it.
            Closed: it was closed meanwhile.
        """

        def went_on(done: int, total: int) -> None:
            self._queries.check_open()
            if progress is not None:
                progress(done, total)

        with self._queries.counted(Control()):
            self._indexer.catch_up(upto, went_on)

    def check_segments(self) -> None:
        """Check the segments that were there when this was opened, and make those anew that are not what was written.

        Reads all of them, once; :meth:`start` does so, too, when there is nothing else to do. One that changes later is
        checked before it is read again.

        Raises:
            Unavailable: there is no space for what must be made anew.
            Closed: the index was closed meanwhile.
        """
        with self._queries.counted(Control()):
            while self._indexer.check():
                self._queries.check_open()

    def build_text_filters(self) -> None:
        """Build the text filters that are missing, with which free text is found sooner; :meth:`start` does so, too."""
        self._filters.build(self._parts.view.parts)

    def hold_columns(self, fields: frozenset[str] = RESIDENT_FIELDS) -> None:
        """Take columns of these fields into memory, as far as there is room; :meth:`start` does so when they are asked.

        Raises:
            Closed: the index has been closed.
        """
        self._columns.want(fields, at_once=True)
        with self._queries.counted(Control()):
            while self._columns.step(self._parts.view.parts):
                self._queries.check_open()

    def close(self) -> None:
        """Stop following and let go of everything. Queries that still run fail with ``Closed``, which is waited for."""
        if not self._queries.close():
            return
        self._follower.stop()
        try:
            # Not before: a cursor that outlives this connection may still call the function that it has registered.
            self._connection.close()
        finally:
            self._segments.close()

    @property
    def coverage(self) -> Coverage:
        """What a query asked now would search."""
        published = self._source.published().checkpoint  # before the view: the index is never behind what it claims
        view = self._parts.view
        return Coverage(
            size=published.size,
            root=published.root,
            indexed=view.indexed,
            complete=view.covers(published.size),
            unreadable=view.unreadable,
        )

    @property
    def lag(self) -> int:
        """How many acknowledged entries are not indexed yet."""
        return max(self._source.acknowledged() - self._parts.view.indexed, 0)

    def search(
        self,
        query: Query,
        *,
        since_us: int | None = None,
        until_us: int | None = None,
        order: Order = "desc",
        limit: int = 50,
        after: int | None = None,
        control: Control | None = None,
    ) -> Found:
        """Find entries by a query, in the order of the log or against it.

        Args:
            query: What to find.
            since_us: Only what occurred then or later, in microseconds since 1970.
            until_us: Only what occurred before that.
            order: ``asc`` from the oldest entry on, ``desc`` from the newest.
            limit: How many to find at most, in ``[1, 100000]``.
            after: Only entries strictly beyond this index in that order: the ``next`` of the page before.
            control: Stops it.

        Raises:
            UsageError: the limit is out of range.
            QueryTimeout: it took too long.
            QueryTooCostly: it took too much memory.
            QueryCancelled: nobody wants to know any more.
        """
        if not 1 <= limit <= _LONGEST_PAGE:
            raise UsageError(f"a page has 1 to {_LONGEST_PAGE} events, not {limit}")

        def run(scan: Scan, coverage: Coverage) -> Found:
            found = scan.first(order, after, limit + 1)
            page = found[:limit]
            return Found(indices=page, next=page[-1] if len(found) > limit else None, coverage=scan.covered(coverage))

        return self._queries.run(run, Asked(query=query, since_us=since_us, until_us=until_us), control)

    def matches(
        self, query: Query, *, order: Order = "asc", after: int | None = None, control: Control | None = None
    ) -> Iterator[list[int]]:
        """Yield the indices of all entries that match, as of now, some thousands at a time and in constant memory.

        Raises:
            QueryTimeout: it took too long.
            QueryTooCostly: it took too much memory.
            QueryCancelled: nobody wants to know any more.
        """
        control = control or Control()
        end = max((part.end for part in self._parts.view.parts), default=0)
        while True:

            def run(scan: Scan, _: Coverage, after: int | None = after) -> tuple[list[int], int | None]:
                batch = next(scan.batches(order, after), ())[:_EXPORT_PARTS]
                if not batch:
                    return [], None
                indices = [index for index in scan.indices(batch, order, after).tolist() if index < end]
                if order == "asc":
                    return indices, batch[-1].end - 1
                return indices[::-1], batch[-1].first

            found, after = self._queries.run(run, Asked(query=query), control)
            if found:
                yield found
            if after is None or (order == "asc" and after >= end - 1):
                return

    def parquet(self, query: Query, *, order: Order = "asc", control: Control | None = None) -> Iterator[bytes]:
        """Yield a Parquet file of all entries that match, with the columns of a segment.

        Such a file can only be written whole: it lies on the index's disk, without a name, until it has been read.
        Unlike a segment it says nothing of the log; that its rows are the log's is shown by ``record``, the entries.

        Raises:
            QueryTimeout: it took too long.
            QueryTooCostly: it took too much memory.
            QueryCancelled: nobody wants it any more.
        """

        def run(scan: Scan, _: Coverage) -> IO[bytes]:
            path = self._segments.stage()
            try:
                scan.copy_rows(path, order)
                return path.open("rb")
            finally:
                path.unlink(missing_ok=True)

        with self._queries.run(run, Asked(query=query), control) as file:
            while piece := file.read(_PIECE):
                yield piece

    def histogram(
        self,
        query: Query,
        *,
        since_us: int | None = None,
        until_us: int | None = None,
        buckets: int = 60,
        control: Control | None = None,
    ) -> Histogram:
        """Count matching entries over time, by outcome.

        Args:
            query: What to count.
            since_us: Where the first bucket begins, in microseconds since 1970; by default at the first match.
            until_us: Where the last one ends; by default after the last match.
            buckets: How many at most, in ``[1, 10000]``.
            control: Stops it.

        Raises:
            UsageError: too many buckets, or none.
            QueryTimeout: it took too long.
            QueryTooCostly: it took too much memory.
            QueryCancelled: nobody wants to know any more.
        """
        if not 1 <= buckets <= _MOST_BUCKETS:
            raise UsageError(f"a histogram has 1 to {_MOST_BUCKETS} buckets, not {buckets}")

        def run(scan: Scan, coverage: Coverage) -> Histogram:
            counted = count_over_time(scan, since_us, until_us, buckets)
            return Histogram(buckets=counted, coverage=scan.covered(coverage))

        counted = frozenset({"occurred", "outcome"})
        return self._queries.run(
            run, Asked(query=query, since_us=since_us, until_us=until_us, counted=counted), control
        )

    def facets(
        self,
        query: Query,
        field: Field,
        *,
        since_us: int | None = None,
        until_us: int | None = None,
        limit: int = 10,
        control: Control | None = None,
    ) -> Facets:
        """The values of a field that occur in the most matching entries. Actors and targets are ``type:id``.

        Raises:
            UsageError: the field's values cannot be listed, since nearly every entry has its own.
            QueryTimeout: it took too long.
            QueryTooCostly: it took too much memory.
            QueryCancelled: nobody wants to know any more.
        """

        def run(scan: Scan, coverage: Coverage) -> Facets:
            values, distinct = count_values(scan, field, limit)
            return Facets(values=values, distinct=distinct, coverage=scan.covered(coverage))

        counted = frozenset({field.name})
        return self._queries.run(
            run, Asked(query=query, since_us=since_us, until_us=until_us, counted=counted), control
        )

    def values(self, field: Field, prefix: str, limit: int, *, control: Control | None = None) -> list[str]:
        """Values of a field that begin with ``prefix``, most frequent first, from the newest entries: for completion.

        Raises:
            UsageError: the field's values cannot be listed.
            QueryTimeout: it took too long.
        """
        return self._queries.run(
            lambda scan, _: list_values(scan, field, prefix, limit), Asked(query=Everything()), control
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
