"""The index of one log: open it, let it follow, ask it.

The index narrows, the log answers: what is found here are indices of entries, and whoever shows an event takes it from
the log, where it can be proven. Everything here is derived. Deleting the folder and opening it again gives the same
answers, later.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Self, TypeVar

import duckdb

from indelible.config import IndexSettings
from indelible.errors import Closed, InternalError, QueryCancelled, QueryTooCostly, UsageError
from indelible.index.answers import Coverage, Facets, Found, Histogram
from indelible.index.control import Control
from indelible.index.counting import count_over_time, count_values, list_values
from indelible.index.database import open_database
from indelible.index.fragment import TRUE, Fragment, conjunction
from indelible.index.indexer import NOT_AS_WRITTEN, Indexer
from indelible.index.parts import Parts
from indelible.index.rows import ROWS_AT_ONCE
from indelible.index.scan import Scan
from indelible.index.segment_folder import SegmentFolder
from indelible.index.text_filters import TextFilters
from indelible.query.ast import Everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from indelible.index.parts import View
    from indelible.index.scan import Order
    from indelible.index.source import EntrySource
    from indelible.query.ast import Field, Query

__all__ = ["LogIndex"]

T = TypeVar("T")

_log = logging.getLogger("indelible.index")

_ATTEMPTS = 3
_CLOSED = "the index has been closed"
_BUGS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""Errors of a statement; no damage causes them."""
_IDLE = 0.5
_GATHERING = 12
"""How many times as long as the last entries took the next ones gather: larger statements cost less an entry."""
_LONGEST_GATHERING = 0.4
"""Seconds: with taking in, and sealing at times, what is acknowledged is found within one."""
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
        self._settings = settings
        self._parts = Parts()
        self._indexer = Indexer(source, connection, segments, self._parts, settings)
        self._filters = TextFilters(segments, source, settings)
        self._closing = threading.Event()
        self._running: list[Control] = []  # of the queries that run; guarded by _ended
        self._ended = threading.Condition()
        self._thread: threading.Thread | None = None

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
        self._thread = threading.Thread(target=self._tail, name="indelible-index", daemon=True)
        self._thread.start()

    def catch_up(self, *, upto: int | None = None, progress: Callable[[int, int], None] | None = None) -> None:
        """Index every entry below ``upto``, by default all that are acknowledged now.

        ``progress`` is called with how many entries are indexed, and of how many.

        Raises:
            Unavailable: there is no space for it.
            Closed: it was closed meanwhile.
        """

        def went_on(done: int, total: int) -> None:
            if self._closing.is_set():
                raise Closed(_CLOSED)
            if progress is not None:
                progress(done, total)

        with self._counted(Control()):
            self._indexer.catch_up(upto, went_on)

    def build_text_filters(self) -> None:
        """Build the text filters that are missing, with which free text is found sooner; :meth:`start` does so, too."""
        self._filters.build(self._parts.view.parts)

    def close(self) -> None:
        """Stop following and let go of everything. Queries that still run fail with ``Closed``, which is waited for."""
        with self._ended:
            if self._closing.is_set():
                return
            self._closing.set()
        if self._thread is not None:
            self._thread.join()
        with self._ended:
            for control in self._running:
                control.cancel()
            self._ended.wait_for(lambda: not self._running)
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
            size=published.size, root=published.root, indexed=view.indexed, complete=view.covers(published.size)
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
            found: list[int] = []
            for batch, within in scan.pieces(order, after):
                relation = scan.relation(batch, more=conjunction([within, _beyond(order, after)]))
                rest = "ORDER BY index LIMIT ?" if order == "asc" else "ORDER BY index DESC LIMIT ?"
                found += [index for (index,) in relation.select("index", rest, values=[limit + 1 - len(found)])]
                if len(found) > limit:
                    break
            page = found[:limit]
            return Found(indices=page, next=page[-1] if len(found) > limit else None, coverage=coverage)

        return self._answer(run, query, control, since_us=since_us, until_us=until_us)

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
                relation = scan.relation(batch, more=_beyond(order, after))
                indices = [index for index in relation.indices().tolist() if index < end]
                if order == "asc":
                    return indices, batch[-1].end - 1
                return indices[::-1], batch[-1].first

            found, after = self._answer(run, query, control)
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

        with self._answer(run, query, control) as file:
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
            return Histogram(buckets=count_over_time(scan, since_us, until_us, buckets), coverage=coverage)

        return self._answer(run, query, control, since_us=since_us, until_us=until_us)

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
            return Facets(values=values, distinct=distinct, coverage=coverage)

        return self._answer(run, query, control, since_us=since_us, until_us=until_us)

    def values(self, field: Field, prefix: str, limit: int, *, control: Control | None = None) -> list[str]:
        """Values of a field that begin with ``prefix``, most frequent first, from the newest entries: for completion.

        Raises:
            UsageError: the field's values cannot be listed.
            QueryTimeout: it took too long.
        """
        return self._answer(lambda scan, _: list_values(scan, field, prefix, limit), Everything(), control)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _answer(
        self,
        run: Callable[[Scan, Coverage], T],
        query: Query,
        control: Control | None,
        *,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> T:
        """Run a query; again, when it met a damaged segment, which is then made anew."""
        control = control or Control()
        with self._counted(control):
            for _ in range(_ATTEMPTS):
                published = self._source.published().checkpoint  # before the view, see coverage
                with self._parts.reading() as view:
                    coverage = Coverage(
                        size=published.size,
                        root=published.root,
                        indexed=view.indexed,
                        complete=view.covers(published.size),
                    )
                    try:
                        with self._connection.cursor() as cursor, control.guard(cursor):
                            times = {"since_us": since_us, "until_us": until_us}
                            scan = Scan(cursor, self._source, self._filters, view, query, control, **times)
                            return run(scan, coverage)
                    except duckdb.Error as error:
                        failure = error
                self._explain(failure, view, control)
        raise InternalError(f"the index fails again and again: {failure}") from failure

    @contextmanager
    def _counted(self, control: Control) -> Iterator[None]:
        """Let :meth:`close` know of a query that runs, and of its end.

        Raises:
            Closed: there must be no more of them.
        """
        with self._ended:
            if self._closing.is_set():
                raise Closed(_CLOSED)
            self._running.append(control)
        try:
            yield
        except QueryCancelled as error:
            if self._closing.is_set():
                raise Closed(_CLOSED) from error
            raise
        finally:
            with self._ended:
                self._running.remove(control)
                self._ended.notify_all()

    def _explain(self, error: duckdb.Error, view: View, control: Control) -> None:
        """Raise what an error of the database means; return when the query can be run again."""
        if self._closing.is_set():
            raise Closed(_CLOSED) from error
        if isinstance(error, duckdb.InterruptException):
            control.check()
            raise QueryCancelled("the query was interrupted") from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise QueryTooCostly("the query takes more memory than it may; narrow it by time or by a field") from error
        damaged = () if isinstance(error, _BUGS) else self._indexer.find_damaged(view.parts)
        if not damaged:
            raise InternalError(f"the index could not run a query: {error}") from error
        for part in damaged:
            self._indexer.rebuild(part, NOT_AS_WRITTEN)

    def _tail(self) -> None:
        """Follow the log until the index is closed."""
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                done = self._indexer.step(self._source.acknowledged())
                took = time.monotonic() - began
                pause = 0.0 if done >= ROWS_AT_ONCE else self._do_what_can_wait(done, took)
            except Exception as error:  # noqa: BLE001 - the log goes on whatever happens here; the lag says that this does not
                _log.warning("index_delayed", extra={"reason": f"{type(error).__name__}: {error}"})
                pause = self._settings.retry_interval
            self._closing.wait(pause)

    def _do_what_can_wait(self, done: int, took: float) -> float:
        """After ``done`` entries, which took so many seconds, do a little of what can wait, or wait.

        Gives how long to let entries gather then.
        """
        pause = max(self._settings.interval, min(_GATHERING * took, _LONGEST_GATHERING))
        began = time.monotonic()
        if not done and self._indexer.check():
            return pause
        while self._filters.step(self._parts.view.parts):
            spent = time.monotonic() - began
            if spent >= took / 2:  # a filter costs less than its rows did, so this keeps up with a log that never rests
                return pause if done else min(spent, pause)  # and takes half of a processor at most when it does
        if not done:
            self._source.wait(self._parts.view.indexed, _IDLE)
        return pause


def _beyond(order: Order, after: int | None) -> Fragment:
    if after is None:
        return TRUE
    return Fragment("(index > ?)", (after,)) if order == "asc" else Fragment("(index < ?)", (after,))
