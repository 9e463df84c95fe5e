"""A query over the parts of an index: which of them, in which batches, under which condition.

A search goes from one end of the log to the other in batches that begin small and grow, so that what is common is found
in the newest parts, and what is rare costs few statements. Free texts are looked up in the log, among the rows that
pass everything else and where text filters do not rule them out, and join the condition as sets of indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from indelible.index.compiler import compile_query, time_condition, upper_bound
from indelible.index.database import file_pattern, quote
from indelible.index.fragment import FALSE, TRUE, Fragment, conjunction
from indelible.index.free_text import find_texts, free_texts
from indelible.index.pruning import Bounds
from indelible.index.resident_columns import RESIDENT_FIELDS
from indelible.index.rows import create_rows
from indelible.index.selection import compile_selection, needed_fields
from indelible.index.text_pruning import TextPruning
from indelible.query.ast import And, Everything, Match, Range
from indelible.query.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

    from indelible.index.control import Control
    from indelible.index.parts import Part, View
    from indelible.index.resident_columns import Column, ResidentColumns
    from indelible.index.selection import Mask, Selection
    from indelible.index.source import EntrySource
    from indelible.index.text_filters import TextFilters
    from indelible.query.ast import FreeText, Query

__all__ = ["Asked", "Order", "Relation", "Scan"]

Order = Literal["asc", "desc"]

_FIRST_BATCH = 4
_LARGEST_BATCH = 64
_LARGEST_TEXT_BATCH = 16
_FIRST_ENTRIES = 4_096
"""Entries that are looked at before all others: what is common is found there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked.

    Attributes:
        query: What matches.
        since_us: Only what occurred then or later, in microseconds since 1970.
        until_us: Only what occurred before that.
        counted: The fields whose values are counted.
    """

    query: Query
    since_us: int | None = None
    until_us: int | None = None
    counted: frozenset[str] = frozenset()

    @property
    def whole(self) -> Query:
        """The query with the bounds of time in it."""
        if self.since_us is None and self.until_us is None:
            return self.query
        bounds = Range(self.since_us, self.until_us, high_open=self.until_us is not None)
        return And((self.query, Match(FIELDS["occurred"].field, bounds)))


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
        cursor: Callable[[], duckdb.DuckDBPyConnection],
        source: EntrySource,
        filters: TextFilters,
        columns: ResidentColumns,
        view: View,
        asked: Asked,
        control: Control,
    ) -> None:
        """``cursor`` gives one of this scan's own, when it is needed: free texts leave views on it."""
        self._open = cursor
        self._source = source
        self._asked = asked
        self._columns = columns
        self._query = asked.query
        self._control = control
        self._texts = free_texts(asked.query)
        self._pruning = TextPruning(asked.query, self._texts, filters)
        self._times = time_condition(asked.since_us, asked.until_us)
        self.takes_everything = asked.query == Everything() and self._times == TRUE
        """Whether every row of the parts matches."""
        bounds = Bounds.of(asked.query).occurred_in(asked.since_us, asked.until_us)
        self.parts = tuple(part for part in view.parts if bounds.touches(part))
        self.resident = _resident(self.parts, asked, columns)
        """The parts whose columns in memory tell all that is asked, and those, by their first index."""

    @cached_property
    def _select(self) -> Selection:
        return compile_selection(self._asked.whole, self._columns)

    @cached_property
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._open()

    @cached_property
    def others(self) -> tuple[Part, ...]:
        """The parts that the database has to be asked of."""
        return tuple(part for part in self.parts if part.first not in self.resident)

    def selections(self) -> Iterator[tuple[Mapping[str, Column], Mask]]:
        """Yield the columns of each resident part that has matching entries, and which those are."""
        for part in self.parts:
            if part.first in self.resident and (mask := self._selected(part)) is not False:
                yield self.resident[part.first], mask

    def values(self, field: str) -> Sequence[str]:
        """The values of a field of texts by their numbers in resident columns; number 0 is none."""
        return self._columns.dictionary(field).values

    def _selected(self, part: Part) -> Mask:
        self._control.check()
        return self._select(part, self.resident[part.first])

    def batches(self, order: Order, after: int | None) -> Iterator[tuple[Part, ...]]:
        """The parts with anything strictly beyond ``after`` that may match, in batches that grow."""
        if order == "desc":
            parts = [part for part in reversed(self.parts) if after is None or part.first < after]
        else:
            parts = [part for part in self.parts if after is None or part.end > after + 1]
        width = 1 if self._texts else _FIRST_BATCH
        batch: list[Part] = []
        for part in filter(self._concerns, parts):
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
        return (
            part.first in self.resident or other.first in self.resident or (part.file is None) != (other.file is None)
        )

    def pieces(self, order: Order, after: int | None) -> Iterator[tuple[tuple[Part, ...], Fragment]]:
        """The batches for a page, and a condition on the rows of each: texts are looked for nearby first.

        A text that is common is found in the first thousands of entries; in the others it is not looked for then.
        """
        is_first = bool(self._texts)
        for batch in self.batches(order, after):
            if is_first and sum(map(self._pruning.entries_left, batch)) > _FIRST_ENTRIES:
                if order == "desc":
                    end = max(part.end for part in batch)
                    edge = (end if after is None else min(end, after)) - _FIRST_ENTRIES
                else:
                    first = min(part.first for part in batch)
                    edge = (first if after is None else max(first, after + 1)) + _FIRST_ENTRIES
                halves = Fragment("(index < ?)", (edge,)), Fragment("(index >= ?)", (edge,))
                for half in halves if order == "asc" else reversed(halves):
                    yield batch, half
            else:
                yield batch, TRUE
            is_first = False

    def page(self, batch: Sequence[Part], within: Fragment, order: Order, after: int | None, limit: int) -> list[int]:
        """The first ``limit`` entries of a batch that match, strictly beyond ``after``, in this order."""
        if batch[0].first in self.resident:
            rows = self._resident_rows(batch, order, after, limit)
            return [int(row) for row in (rows if order == "asc" else rows[::-1])[:limit]]
        relation = self.relation(batch, more=conjunction([within, _beyond(order, after)]))
        rest = "ORDER BY index LIMIT ?" if order == "asc" else "ORDER BY index DESC LIMIT ?"
        return [index for (index,) in relation.select("index", rest, values=[limit])]

    def indices(self, batch: Sequence[Part], order: Order, after: int | None) -> NDArray[np.int64]:
        """All entries of a batch that match, strictly beyond ``after`` in this order; ascending."""
        if batch[0].first in self.resident:
            return self._resident_rows(batch, order, after, None)
        return self.relation(batch, more=_beyond(order, after)).indices()

    def _resident_rows(
        self, batch: Sequence[Part], order: Order, after: int | None, limit: int | None
    ) -> NDArray[np.int64]:
        """The same of the one part of a batch that is resident; with a limit at least so many, if there are."""
        (part,) = batch
        mask = self._selected(part)
        if order == "asc":
            low, high = (part.first if after is None else max(part.first, after + 1)), part.end
            near = low, min(low + _FIRST_ENTRIES, high)
        else:
            low, high = part.first, (part.end if after is None else min(part.end, after))
            near = max(low, high - _FIRST_ENTRIES), high
        if limit is not None and len(rows := _matching(part, mask, *near)) >= limit:
            return rows
        return _matching(part, mask, low, high)

    def relation(self, parts: Sequence[Part], *, more: Fragment = TRUE) -> Relation:
        """The matching rows of some of the parts, at least one; ``more`` is one more condition on them."""
        narrow = conjunction([self._times, more])
        if not self._texts:
            return Relation(self._cursor, _rows(parts), conjunction([narrow, compile_query(self._query, _no_text)]))
        found = self._find([part for part in parts if self._concerns(part)], narrow)
        left = [part for part in parts if self._pruning.still_concerns(part, found)]
        if not left:
            return Relation(self._cursor, _rows(parts[:1]), FALSE)
        condition = compile_query(self._query, self._register(found))
        return Relation(self._cursor, _rows(left), conjunction([narrow, condition]))

    def copy_rows(self, path: Path, order: Order) -> None:
        """Write the matching rows of all parts into a Parquet file at ``path``."""
        if self.parts:
            rows = self.relation(self.parts).subquery(Fragment("*"))
        else:
            create_rows(self._cursor, "temp.nothing")
            rows = Fragment("(SELECT *, ip_key(context_ip) AS ip_key FROM temp.nothing)")
        self._cursor.execute(
            f"COPY (SELECT * FROM {rows.sql} ORDER BY index {'ASC' if order == 'asc' else 'DESC'}) "
            f"TO {quote(str(path))} (FORMAT parquet, COMPRESSION zstd)",
            list(rows.values),
        )

    def _concerns(self, part: Part) -> bool:
        self._control.check()
        return not self._texts or self._pruning.concerns(part)

    def _find(self, parts: Sequence[Part], narrow: Fragment) -> dict[FreeText, NDArray[np.int64]]:
        """Look the free texts up: for each, in which entries of the parts it is, as far as that matters; ascending."""
        narrow = conjunction([narrow, upper_bound(self._query)])
        found = {text: [np.array([], np.int64)] for text in self._texts}
        ascending = sorted(parts, key=lambda part: part.first)
        for start in range(0, len(parts), _LARGEST_TEXT_BATCH):
            some = ascending[start : start + _LARGEST_TEXT_BATCH]
            rows = None if narrow == TRUE else Relation(self._cursor, _rows(some), narrow).indices()
            wanted = {
                text: np.concatenate([self._pruning.entries(part, text, rows) for part in some]) for text in self._texts
            }
            for text, hits in find_texts(self._source, wanted, self._control).items():
                found[text].append(hits)
        return {text: np.concatenate(arrays) for text, arrays in found.items()}

    def _register(self, found: Mapping[FreeText, NDArray[np.int64]]) -> Callable[[FreeText], Fragment]:
        """Make views of what was found, and give the condition that each text is."""
        names = {text: f"text_{place}" for place, text in enumerate(found)}
        for text, name in names.items():
            self._cursor.register(name, {"index": found[text]})
        return lambda text: Fragment(f"(index IN (SELECT index FROM {names[text]}))")


def _resident(parts: Sequence[Part], asked: Asked, columns: ResidentColumns) -> dict[int, dict[str, Column]]:
    """Of the parts whose columns tell all that is asked: these columns, by the part's first index."""
    needed = needed_fields(asked.whole)
    if needed is None or not asked.counted <= RESIDENT_FIELDS:
        return {}
    needed |= asked.counted
    columns.want(needed)
    # Copies: what has been let go of meanwhile stays until this question is answered.
    held = ((part.first, dict(part.columns)) for part in parts if part.file is not None)
    return {first: known for first, known in held if needed <= known.keys()}


def _matching(part: Part, mask: Mask, low: int, high: int) -> NDArray[np.int64]:
    """The entries of ``[low, high)`` that match."""
    if isinstance(mask, bool):
        return np.arange(low, high if mask else low)
    return np.flatnonzero(mask[low - part.first : high - part.first]) + low


def _beyond(order: Order, after: int | None) -> Fragment:
    if after is None:
        return TRUE
    return Fragment("(index > ?)", (after,)) if order == "asc" else Fragment("(index < ?)", (after,))


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
            sources.append(f"SELECT *, ip_key(context_ip) AS ip_key FROM {part.table} WHERE index < ?")
            values.append(part.end)
    return Fragment(f"({' UNION ALL BY NAME '.join(sources)})", tuple(values))


def _no_text(text: FreeText) -> Fragment:
    raise AssertionError(f"{text} was not found among the free texts of its query")
