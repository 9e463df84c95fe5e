"""A query over the parts of an index: which of them, in which batches, under which condition.

A search goes from one end of the log to the other in batches that begin small and grow, so that what is common is found
in the newest parts, and what is rare costs few statements. Free texts are looked up in the log, among the rows that
pass everything else and where text filters do not rule them out, and join the condition as sets of indices.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from msgspec.structs import replace

from indelible.index.compiler import compile_query, time_condition
from indelible.index.database import file_pattern, quote
from indelible.index.fragment import FALSE, TRUE, Fragment, conjunction
from indelible.index.free_text import TextSearch, free_texts, without_texts
from indelible.index.held_columns import NOTHING_HELD
from indelible.index.order import NEAR_TEXT, near_first
from indelible.index.pruning import concerned_parts
from indelible.index.resident_scan import ResidentScan, needed_columns
from indelible.index.rows import create_rows, segment_rows
from indelible.index.selection import listed_entries
from indelible.index.text_pruning import TextPruning
from indelible.query.ast import Everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import duckdb
    from numpy.typing import NDArray

    from indelible.index.answers import Coverage
    from indelible.index.asked import Asked
    from indelible.index.control import Control
    from indelible.index.order import Order
    from indelible.index.parts import Part, View
    from indelible.index.resident_columns import ResidentColumns
    from indelible.index.source import EntrySource
    from indelible.index.text_filters import TextFilters
    from indelible.query.ast import FreeText

__all__ = ["Relation", "Scan"]

_FIRST_BATCH = 4
_LARGEST_BATCH = 64
_LARGEST_TEXT_BATCH = 16


@dataclass(frozen=True, slots=True)
class Relation:
    """The rows of some parts that match, on the cursor that can select from them."""

    cursor: duckdb.DuckDBPyConnection
    rows: Fragment
    condition: Fragment

    def select(self, what: str, rest: str = "", *, values: Sequence[Any] = (), more: Fragment = TRUE) -> list[Any]:
        """``SELECT what FROM the rows WHERE they match and more`` and the ``rest``, whose values are ``values``."""
        return self._run(what, rest, values, more).fetchall()

    def indices(self) -> NDArray[np.int64]:
        """The indices of the rows, ascending."""
        found = self._run("index", "ORDER BY index", (), TRUE).fetchnumpy()["index"]
        return np.asarray(found, np.int64)

    def subquery(self, what: Fragment) -> Fragment:
        """The rows as a table in brackets, with the columns ``what``."""
        condition = self.condition
        return Fragment(
            f"(SELECT {what.sql} FROM {self.rows.sql} WHERE {condition.sql})",
            what.values + self.rows.values + condition.values,
        )

    def _run(self, what: str, rest: str, values: Sequence[Any], more: Fragment) -> duckdb.DuckDBPyConnection:
        condition = conjunction([self.condition, more])
        return self.cursor.execute(
            f"SELECT {what} FROM {self.rows.sql} WHERE {condition.sql} {rest}",
            [*self.rows.values, *condition.values, *values],
        )


class Scan:
    """One query over one view. Runs on one thread."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: EntrySource,
        filters: TextFilters,
        columns: ResidentColumns,
        ensure_sound: Callable[[Sequence[Part], Control], None],
        view: View,
        asked: Asked,
        control: Control,
    ) -> None:
        """What has to be asked of the database is on a cursor of ``connection`` until this, a context manager, ends.

        ``ensure_sound`` is called before parts are read, see :meth:`indelible.index.indexer.Indexer.ensure_sound`.
        """
        self._connection = connection
        self._opened: ExitStack | None = None
        self._source = source
        self._filters = filters
        self._ensure_sound = ensure_sound
        self._asked = asked
        self._query = asked.query
        self._control = control
        self._texts = free_texts(asked.query)
        self._times = time_condition(asked.since_us, asked.until_us)
        needed = needed_columns(asked)
        # Rows in memory have no columns; where none is needed, that is no reason to ask the database.
        held = NOTHING_HELD if needed is None else columns.held(view.sealed if needed else view.parts, needed)
        self._held = held
        self._view = view

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts in which anything can match, ascending."""
        return concerned_parts(self._asked.whole, self._view, self._held)

    @cached_property
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """One of this scan's own: free texts leave views on it."""
        self._opened = ExitStack()
        cursor = self._opened.enter_context(self._connection.cursor())
        self._opened.enter_context(self._control.guard(cursor))
        return cursor

    @cached_property
    def _search(self) -> TextSearch:
        return TextSearch(self._source, self._control, counts=bool(self._asked.counted))

    @cached_property
    def _pruning(self) -> TextPruning:
        return TextPruning(self._query, self._texts, self._filters)

    @cached_property
    def resident(self) -> ResidentScan:
        """The scan of those parts whose columns are in memory."""
        return ResidentScan(self.parts, self._held, self._asked, self._search, self._pruning, self._control)

    def covered(self, coverage: Coverage) -> Coverage:
        """What an answer of this scan covers, by what its view does: without what could not be looked at on the way."""
        if not self._texts or not self._search.lost:
            return coverage
        known = [part for part in self._view.parts if part.unreadable]
        lost = sum(not any(part.first <= entry < part.end for part in known) for entry in self._search.lost)
        return replace(coverage, unreadable=coverage.unreadable + lost)

    @property
    def takes_everything(self) -> bool:
        """Whether every row of the parts matches."""
        return self._query == Everything() and self._times == TRUE

    @cached_property
    def others(self) -> tuple[Part, ...]:
        """The parts that the database has to be asked of."""
        return tuple(part for part in self.parts if part not in self.resident)

    def batches(self, order: Order, after: int | None) -> Iterator[tuple[Part, ...]]:
        """The parts with anything strictly beyond ``after`` that may match, in batches that grow."""
        return self._batches(self.parts, order, after)

    def _batches(self, parts: Sequence[Part], order: Order, after: int | None) -> Iterator[tuple[Part, ...]]:
        width = 1 if self._texts else _FIRST_BATCH
        batch: list[Part] = []
        for part in filter(self._concerns, _beyond(parts, order, after)):
            if batch and self._is_apart(batch[-1], part):
                yield tuple(batch)
                batch = []
            batch.append(part)
            if batch[0].file is not None and len(batch) == width:
                yield tuple(batch)
                batch = []
                width = min(width * 2, _LARGEST_TEXT_BATCH if self._texts else _LARGEST_BATCH)
        if batch:
            yield tuple(batch)

    def _is_apart(self, part: Part, other: Part) -> bool:
        """Whether two parts are asked in different ways: what is in memory costs least, and is often enough."""
        return part in self.resident or other in self.resident or (part.file is None) != (other.file is None)

    def first(self, order: Order, after: int | None, limit: int) -> list[int]:
        """The first ``limit`` entries, strictly beyond ``after``, that match, in this order."""
        listed = listed_entries(self._asked.whole, self._held.dictionaries)
        if listed is None:
            return self._first(self.parts, order, after, limit)
        found = [entry for entry in listed if self._held.has(entry) and _is_beyond(entry, order, after)]
        found = found[:limit] if order == "asc" else found[::-1][:limit]
        others = [*self._held.others, *self._view.unsealed]
        if len(found) == limit:
            others = [
                part for part in others if _is_beyond(found[-1], order, part.first if order == "asc" else part.end)
            ]
        if others:
            others.sort(key=attrgetter("first"))
            found = sorted([*found, *self._first(others, order, after, limit)], reverse=order == "desc")[:limit]
        return found

    def _first(self, parts: Sequence[Part], order: Order, after: int | None, limit: int) -> list[int]:
        found: list[int] = []
        nearest = next(_beyond(parts, order, after), None) if self._texts else None
        if nearest is not None and nearest in self.resident and self.resident.text is not None:
            low, high = _bounds([nearest], order, after)
            if high - low > NEAR_TEXT[0]:  # what is common is found here, before any filter is read
                low, high = next(near_first(low, high, order, NEAR_TEXT[:1], high - low))
                found = self.resident.with_text(self.resident.text, nearest, low, high, order, limit)
                if len(found) == limit:
                    return found
                after = high - 1 if order == "asc" else low
        for batch, low, high in self._pieces(parts, order, after):
            found += self.page(batch, low, high, order, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _pieces(
        self, parts: Sequence[Part], order: Order, after: int | None
    ) -> Iterator[tuple[tuple[Part, ...], int, int]]:
        """The batches for a page, and the bounds of what to look at in each: of the first, what is near comes first.

        What is common is found there; where a text is in the others, or who is, is not looked for then.
        """
        is_first = True
        for batch in self._batches(parts, order, after):
            low, high = _bounds(batch, order, after)
            pieces: Iterable[tuple[int, int]] = [(low, high)]
            if is_first and self._texts:
                pieces = near_first(low, high, order, NEAR_TEXT, sum(map(self._pruning.entries_left, batch)))
            for start, stop in pieces:
                yield batch, start, stop
            is_first = is_first and batch[0].file is None

    def page(self, batch: Sequence[Part], low: int, high: int, order: Order, limit: int) -> list[int]:
        """The first ``limit`` entries of a batch that match, of those in ``[low, high)``, in this order."""
        if batch[0] in self.resident:
            return self.resident.page(batch[0], low, high, order, limit)
        relation = self.relation(batch, more=_between(low, high))
        rest = "ORDER BY index LIMIT ?" if order == "asc" else "ORDER BY index DESC LIMIT ?"
        return [index for (index,) in relation.select("index", rest, values=[limit])]

    def indices(self, batch: Sequence[Part], order: Order, after: int | None) -> NDArray[np.int64]:
        """All entries of a batch that match, strictly beyond ``after`` in this order; ascending."""
        low, high = _bounds(batch, order, after)
        if batch[0] in self.resident:
            return self.resident.rows(batch[0], low, high)
        return self.relation(batch, more=_between(low, high)).indices()

    def relation(self, parts: Sequence[Part], *, more: Fragment = TRUE) -> Relation:
        """The matching rows of some of the parts, at least one; ``more`` is one more condition on them."""
        narrow = conjunction([self._times, more])
        if not self._texts:
            return Relation(
                self._cursor, self._table(parts), conjunction([narrow, compile_query(self._query, _no_text)])
            )
        found = self._find([part for part in parts if self._concerns(part)], narrow)
        left = [part for part in parts if self._pruning.still_concerns(part, found)]
        if not left:
            return Relation(self._cursor, self._table(parts[:1]), FALSE)
        condition = compile_query(self._query, self._register(found))
        return Relation(self._cursor, self._table(left), conjunction([narrow, condition]))

    def copy_rows(self, path: Path, order: Order) -> None:
        """Write the matching rows of all parts into a Parquet file at ``path``."""
        if self.parts:
            rows = self.relation(self.parts).subquery(Fragment("*"))
        else:
            create_rows(self._cursor, "temp.nothing")
            rows = Fragment(f"({segment_rows('temp.nothing')})")
        self._cursor.execute(
            f"COPY (SELECT * FROM {rows.sql} ORDER BY index {'ASC' if order == 'asc' else 'DESC'}) "
            f"TO {quote(str(path))} (FORMAT parquet, COMPRESSION zstd)",
            list(rows.values),
        )

    def _concerns(self, part: Part) -> bool:
        self._control.check()
        return not self._texts or self._pruning.concerns(part)

    def _table(self, parts: Sequence[Part]) -> Fragment:
        self._ensure_sound(parts, self._control)
        return _rows(parts)

    def _find(self, parts: Sequence[Part], narrow: Fragment) -> dict[FreeText, NDArray[np.int64]]:
        """Look the free texts up: for each, in which entries of the parts it is, as far as that matters; ascending."""
        narrow = conjunction([narrow, compile_query(without_texts(self._query), _no_text)])
        found = {text: [np.array([], np.int64)] for text in self._texts}
        ascending = sorted(parts, key=lambda part: part.first)
        for start in range(0, len(parts), _LARGEST_TEXT_BATCH):
            some = ascending[start : start + _LARGEST_TEXT_BATCH]
            rows = None if narrow == TRUE else Relation(self._cursor, self._table(some), narrow).indices()
            wanted = {
                text: np.concatenate([self._pruning.entries(part, text, rows) for part in some]) for text in self._texts
            }
            for text, hits in self._search.find(wanted).items():
                found[text].append(hits)
        return {text: np.concatenate(arrays) for text, arrays in found.items()}

    def _register(self, found: Mapping[FreeText, NDArray[np.int64]]) -> Callable[[FreeText], Fragment]:
        """Make views of what was found, and give the condition that each text is."""
        names = {text: f"text_{place}" for place, text in enumerate(found)}
        for text, name in names.items():
            self._cursor.register(name, {"index": found[text]})
        return lambda text: Fragment(f"(index IN (SELECT index FROM {names[text]}))")


def _is_beyond(entry: int, order: Order, after: int | None) -> bool:
    return after is None or (entry > after if order == "asc" else entry < after)


def _beyond(parts: Sequence[Part], order: Order, after: int | None) -> Iterator[Part]:
    """The parts with anything strictly beyond ``after``, in this order."""
    if order == "desc":
        return (part for part in reversed(parts) if after is None or part.first < after)
    return (part for part in parts if after is None or part.end > after + 1)


def _bounds(parts: Sequence[Part], order: Order, after: int | None) -> tuple[int, int]:
    """The bounds of the entries of some parts that lie strictly beyond ``after`` in an order."""
    low, high = min(part.first for part in parts), max(part.end for part in parts)
    if after is not None:
        low, high = (max(low, after + 1), high) if order == "asc" else (low, min(high, after))
    return low, high


def _between(low: int, high: int) -> Fragment:
    return Fragment("(index >= ? AND index < ?)", (low, high))


def _rows(parts: Sequence[Part]) -> Fragment:
    """The rows of some parts, at least one, as a table with the columns of a segment."""
    sources: list[str] = []
    values: list[object] = []
    files = [file_pattern(part.file) for part in parts if part.file is not None]
    if files:
        sources.append("SELECT * FROM read_parquet(?, hive_partitioning = false)")
        values.append(files)
    for part in parts:
        if part.table is not None:
            sources.append(f"{segment_rows(part.table)} WHERE index < ?")
            values.append(part.end)
    return Fragment(f"({' UNION ALL BY NAME '.join(sources)})", tuple(values))


def _no_text(text: FreeText) -> Fragment:
    raise AssertionError(f"{text} was not found among the free texts of its query")
