"""Running queries: each on a cursor of its own, bounded, again where a segment was damaged, and ended by closing."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import duckdb

from indelible.errors import Closed, InternalError, QueryCancelled, QueryTooCostly, Unavailable
from indelible.index.answers import Coverage
from indelible.index.bracket import Bracket
from indelible.index.control import Control
from indelible.index.indexer import SegmentReplacedError
from indelible.index.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.index.asked import Asked
    from indelible.index.indexer import Indexer
    from indelible.index.parts import Parts, View
    from indelible.index.resident_columns import ResidentColumns
    from indelible.index.source import EntrySource
    from indelible.index.text_filters import TextFilters

__all__ = ["QueryRunner"]

T = TypeVar("T")

_ATTEMPTS = 3
_MOST_REPLACED = 100
"""How often one query begins again because it met segments that were altered: each time there is one less."""
_CLOSED = "the index has been closed"
_BUGS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""Errors of a statement; no damage causes them."""


class QueryRunner:
    """Runs the queries of one index. Safe to use from any thread."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: EntrySource,
        parts: Parts,
        indexer: Indexer,
        filters: TextFilters,
        columns: ResidentColumns,
    ) -> None:
        self._connection = connection
        self._source = source
        self._parts = parts
        self._indexer = indexer
        self._filters = filters
        self._columns = columns
        self._running: list[Control] = []  # appended to and removed from without a lock, for what every question does
        self._ended = threading.Condition()
        self._closing = False

    def run(self, answer: Callable[[Scan, Coverage], T], asked: Asked, control: Control | None) -> T:
        """What ``answer`` makes of a scan; of another one, when it met a damaged segment, which is made anew first.

        Raises:
            QueryTimeout: it took too long.
            QueryTooCostly: it took too much memory.
            QueryCancelled: nobody wants to know any more.
            Closed: the index has been closed.
        """
        control = control or Control()
        with self.counted(control):
            failures = replaced = 0
            while failures < _ATTEMPTS and replaced < _MOST_REPLACED:
                published = self._source.published().checkpoint  # before the view: it is never behind what is claimed
                with self._parts.reading() as view:
                    coverage = Coverage(
                        size=published.size,
                        root=published.root,
                        indexed=view.indexed,
                        complete=view.covers(published.size),
                        unreadable=view.unreadable,
                    )
                    scan = Scan(
                        self._connection,
                        self._source,
                        self._filters,
                        self._columns,
                        self._indexer.ensure_sound,
                        view,
                        asked,
                        control,
                    )
                    try:
                        with scan:
                            return answer(scan, coverage)
                    except SegmentReplacedError:
                        replaced += 1
                        continue
                    except duckdb.Error as error:
                        failure = error
                        failures += 1
                self._explain(failure, view, control)
        if replaced == _MOST_REPLACED:
            raise Unavailable("segments of the index are being altered again and again", retry_after=1.0)
        raise InternalError(f"the index fails again and again: {failure}") from failure

    def counted(self, control: Control) -> Bracket[Control]:
        """A block that :meth:`close` knows of, stops by ``control``, and waits for; ``Closed`` ends it then.

        Raises:
            Closed: when it begins, there must be no more of that.
        """
        return Bracket(partial(self._begin, control), self._end)

    def _begin(self, control: Control) -> Control:
        self._running.append(control)  # first: either this sees that it is being closed, or closing sees this
        try:
            self.check_open()
        except Closed:
            self._end(control, None)
            raise
        return control

    def _end(self, control: Control, error: BaseException | None) -> None:
        self._running.remove(control)
        if self._closing:
            with self._ended:
                self._ended.notify_all()
            if isinstance(error, QueryCancelled):
                raise Closed(_CLOSED) from error

    def check_open(self) -> None:
        """Raise when there must be nothing more.

        Raises:
            Closed: so it is.
        """
        if self._closing:
            raise Closed(_CLOSED)

    def close(self) -> bool:
        """Let nothing begin any more, stop what runs, and wait for its end; false when that has been done before."""
        with self._ended:
            if self._closing:
                return False
            self._closing = True
            for control in tuple(self._running):
                control.cancel()
            self._ended.wait_for(lambda: not self._running)
            return True

    def _explain(self, error: duckdb.Error, view: View, control: Control) -> None:
        """Raise what an error of the database means; return when the query can be run again."""
        self.check_open()
        if isinstance(error, duckdb.InterruptException):
            control.check()
            raise QueryCancelled("the query was interrupted") from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise QueryTooCostly("the query takes more memory than it may; narrow it by time or by a field") from error
        if isinstance(error, _BUGS) or not self._indexer.repair(view.parts):
            raise InternalError(f"the index could not run a query: {error}") from error
