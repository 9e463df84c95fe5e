"""A query over the parts of an index: which of them, in which batches, under which condition.

A search goes from one end of the log to the other in batches that begin small and grow, so that what is common is found
in the newest parts, and what is rare costs few statements. Free texts are looked up in the log, among the rows that
pass everything else and where text filters do not rule them out, and join the condition as sets of indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from indelible.index.compiler import compile_query, time_condition, upper_bound
from indelible.index.database import file_pattern, quote
from indelible.index.fragment import FALSE, TRUE, Fragment, conjunction
from indelible.index.free_text import find_texts, free_texts
from indelible.index.pruning import Bounds
from indelible.index.rows import create_rows
from indelible.index.text_pruning import TextPruning
from indelible.query.ast import Everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

    from indelible.index.control import Control
    from indelible.index.parts import Part, View
    from indelible.index.source import EntrySource
    from indelible.index.text_filters import TextFilters
    from indelible.query.ast import FreeText, Query

__all__ = ["Order", "Relation", "Scan"]

Order = Literal["asc", "desc"]

_FIRST_BATCH = 4
_LARGEST_BATCH = 64
_LARGEST_TEXT_BATCH = 16
_FIRST_ENTRIES = 4_096
"""Entries in which texts are looked for before all others of the first batch."""


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
        cursor: duckdb.DuckDBPyConnection,
        source: EntrySource,
        filters: TextFilters,
        view: View,
        query: Query,
        control: Control,
        *,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> None:
        """Ask ``query`` of what occurred in ``[since_us, until_us)``, in microseconds since 1970.

        ``cursor`` is this scan's own: free texts leave views on it.
        """
        self._cursor = cursor
        self._source = source
        self._query = query
        self._control = control
        self._texts = free_texts(query)
        self._pruning = TextPruning(query, self._texts, filters)
        self._times = time_condition(since_us, until_us)
        self.takes_everything = query == Everything() and self._times == TRUE
        """Whether every row of the parts matches."""
        bounds = Bounds.of(query).occurred_in(since_us, until_us)
        self.parts = tuple(part for part in view.parts if bounds.touches(part))

    def batches(self, order: Order, after: int | None) -> Iterator[tuple[Part, ...]]:
        """The parts with anything strictly beyond ``after`` that may match, in batches that grow."""
        if order == "desc":
            parts = [part for part in reversed(self.parts) if after is None or part.first < after]
        else:
            parts = [part for part in self.parts if after is None or part.end > after + 1]
        width = 1 if self._texts else _FIRST_BATCH
        batch: list[Part] = []
        for part in filter(self._concerns, parts):
            if batch and batch[0].file is None and part.file is not None:
                yield tuple(batch)  # what is in memory costs least, and is often enough
                batch = []
            batch.append(part)
            if batch[0].file is not None and len(batch) == width:
                yield tuple(batch)
                batch = []
                width = min(width * 2, _LARGEST_TEXT_BATCH if self._texts else _LARGEST_BATCH)
        if batch:
            yield tuple(batch)

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
