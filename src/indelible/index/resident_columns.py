"""Resident columns: the fields that questions name, of sealed segments, held in memory.

Nothing is held before somebody asks. What there is no room for, the oldest first, is left to the database, as is
everything else. What a column is: :mod:`indelible.index.held_columns`.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np

from indelible.errors import Unavailable
from indelible.index.control import Control
from indelible.index.database import file_pattern
from indelible.index.held_columns import (
    NEVER,
    VALUE_BYTES,
    Dictionary,
    Held,
    TextColumn,
    TimeColumn,
    is_of,
    text_column,
)
from indelible.index.indexer import SegmentReplacedError
from indelible.index.places import SCALAR_FIELDS
from indelible.query.ast import Kind
from indelible.query.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indelible.config import IndexSettings
    from indelible.index.held_columns import Column
    from indelible.index.indexer import Indexer
    from indelible.index.parts import Part

__all__ = ["RESIDENT_FIELDS", "ResidentColumns"]

_log = logging.getLogger("indelible.index")

RESIDENT_FIELDS: Final = frozenset(SCALAR_FIELDS) - {"id", "index", "request", "trace", "actor.name"} | {"actor"}
"""What can be held: fields with one value or none, other than those of which nearly every entry has its own."""

_MOST_VALUES: Final = 250_000
"""A dictionary of more is no use: its field is left to the database."""
_SHARE: Final = 8
"""Texts of one column that take more than one in so many bytes of the room are left to the database."""
_MOST_SEEN: Final = 16
"""For how many sets of fields it is remembered what is held."""
_TIME_BYTES: Final = np.dtype(np.int64).itemsize
_MOST_TEXT_BYTES: Final = 4 * np.dtype(np.uint32).itemsize
"""An entry takes in a text column, when each has a value of its own."""
_ROWS: Final = "read_parquet(?, hive_partitioning = false)"


class ResidentColumns:
    """The resident columns of one index, which lie with its parts. Safe to use from any thread."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        indexer: Indexer,
        settings: IndexSettings,
    ) -> None:
        """Columns of the segments of ``indexer``, which makes those anew that are not what was written."""
        self._connection = connection
        self._indexer = indexer
        self._room = settings.column_memory
        self._segment_entries = settings.segment_entries
        self._retry_interval = settings.retry_interval
        self._dictionaries = {
            field: Dictionary(FIELDS[field].field.kind) for field in RESIDENT_FIELDS if not _is_time(field)
        }  # replaced as a whole
        # What was held of which parts, by fields; replaced as soon as it is no longer what is held.
        self._seen: dict[frozenset[str], tuple[Sequence[Part], Held]] = {}
        self._asking = threading.Lock()  # guards the fields below; never held for long, so that questions need not wait
        self._wanted: frozenset[str] = frozenset()
        self._look_again = 0.0  # when, after nothing was missing, there was no room, or something has failed
        self._lock = threading.Lock()  # guards the fields below, the dictionaries, and the work
        self._let_go = 0  # of how many parts, since all values in the dictionaries were of columns that are held
        self._passed_over: dict[tuple[int, str], float] = {}  # which columns, by the part's first index; until when

    @property
    def dictionaries(self) -> Mapping[str, Dictionary]:
        """Those of this moment, by field. Columns that have others are of another moment."""
        return self._dictionaries

    def held(self, parts: Sequence[Part], fields: frozenset[str]) -> Held:
        """What is held of these fields of some segments now; they are wanted from now on, see :meth:`want`."""
        seen = self._seen  # before looking: what changes meanwhile replaces it
        known = seen.get(fields)
        if known is not None and known[0] is parts:
            return known[1]
        self.want(fields)
        held = self._look(parts, fields)
        if len(seen) >= _MOST_SEEN:
            seen.clear()
        seen[fields] = parts, held
        return held

    def want(self, fields: frozenset[str], *, at_once: bool = False) -> None:
        """Hold the columns of these fields from now on, as far as there is room; ``at_once``: look for it again now."""
        if at_once or not fields <= self._wanted:
            with self._asking:
                self._wanted |= fields
                self._look_again = 0.0

    def step(self, parts: Sequence[Part]) -> bool:
        """Take in one column that is missing, of the newest segment; gives whether there was one, and room for it."""
        with self._lock:
            wanted = self._wanted
            if time.monotonic() < self._look_again:
                return False
            self._forget(parts, wanted)
            found = self._missing(parts, wanted)
            # Where there is no room for a part, there is none for an older one: nothing but older ones makes room.
            if found is not None and self._make_room(*found, parts):
                return self._take_in(*found)
            self._rest(wanted)
            return False

    def _look(self, parts: Sequence[Part], fields: frozenset[str]) -> Held:
        dictionaries = self._dictionaries
        held: dict[int, Part] = {}
        columns: dict[int, Mapping[str, Column]] = {}
        others: list[Part] = []
        blocks = 0
        for part in parts:
            known = dict(part.columns)  # a copy: what is let go of meanwhile stays until a question is answered
            if fields <= known.keys() and all(is_of(known[field], field, dictionaries) for field in fields):
                block = self._block(part)
                held[block], columns[part.first] = part, known
                blocks |= 1 << block
            else:
                others.append(part)
        return Held(
            parts=held,
            columns=columns,
            blocks=blocks,
            others=tuple(others),
            dictionaries=dictionaries,
            width=self._segment_entries,
        )

    def _block(self, part: Part) -> int:
        return part.first // self._segment_entries

    def _missing(self, parts: Sequence[Part], wanted: frozenset[str]) -> tuple[Part, str] | None:
        fields = [field for field in sorted(wanted) if self._is_of_use(field)]
        now = time.monotonic()
        for part in reversed(parts):
            if part.file is None:
                continue
            for field in fields:
                if not self._has(part, field) and self._passed_over.get((part.first, field), 0.0) <= now:
                    return part, field
        return None

    def _has(self, part: Part, field: str) -> bool:
        column = part.columns.get(field)
        return column is not None and is_of(column, field, self._dictionaries)

    def _rest(self, wanted: frozenset[str]) -> None:
        """Do not look again for a while, unless more is wanted by now."""
        with self._asking:
            if self._wanted == wanted:
                self._look_again = time.monotonic() + self._retry_interval

    def _is_of_use(self, field: str) -> bool:
        return _is_time(field) or len(self._dictionaries[field].values) <= _MOST_VALUES

    def _forget(self, parts: Sequence[Part], wanted: frozenset[str]) -> None:
        """Make room in dictionaries once as many columns have been let go of as are held, or when one is full."""
        held = sum(bool(part.columns) for part in parts)
        if self._let_go and (self._let_go >= held or not all(map(self._is_of_use, wanted))):
            for field, dictionary in self._dictionaries.items():
                self._renumber(field, dictionary, [part for part in parts if self._has(part, field)])
            self._let_go = 0

    def _renumber(self, field: str, old: Dictionary, parts: Sequence[Part]) -> None:
        """Give the values that columns still have a dictionary of their own."""
        columns = [text_column(part.columns, field) for part in parts]
        left = np.unique(np.concatenate([np.zeros(1, np.uint32), *[column.values for column in columns]]))
        new = Dictionary(FIELDS[field].field.kind)
        numbers = np.zeros(len(old.values), np.uint32)
        numbers[left[1:]] = new.add(old.values[number] for number in left[1:].tolist())
        for part, column in zip(parts, columns, strict=True):
            renumbered = replace(column, values=numbers[column.values], dictionary=new)
            new.mark(renumbered, part.first, self._block(part))
            part.columns[field] = renumbered
        self._dictionaries = {**self._dictionaries, field: new}  # last: what has been renumbered is not held till then
        self._seen = {}

    def _make_room(self, part: Part, field: str, parts: Sequence[Part]) -> bool:
        """Let go of the columns of older parts, the oldest first, until there is room for this one of ``part``."""
        needed = (part.end - part.first) * (_TIME_BYTES if _is_time(field) else _MOST_TEXT_BYTES)
        used = sum(dictionary.size for dictionary in self._dictionaries.values())
        used += sum(column.size for other in parts for column in other.columns.values())
        for other in parts:
            if used + needed <= self._room or other.first >= part.first:
                break
            used -= sum(column.size for column in other.columns.values())
            self._let_go += bool(other.columns)
            other.columns.clear()
            self._seen = {}
        return used + needed <= self._room

    def _take_in(self, part: Part, field: str) -> bool:
        try:
            self._indexer.ensure_sound([part], Control())
            with self._connection.cursor() as cursor:
                column = _read_times(cursor, part, field) if _is_time(field) else self._read_texts(cursor, part, field)
            if column is None:
                self._passed_over[part.first, field] = float("inf")
            else:
                part.columns[field] = column
                self._seen = {}
        except SegmentReplacedError:
            pass
        except (duckdb.Error, Unavailable) as error:
            if isinstance(error, Unavailable) or not self._indexer.repair([part]):
                # Once more later; but first the others, which this must not keep out.
                self._passed_over[part.first, field] = time.monotonic() + 2 * self._retry_interval
                self._rest(self._wanted)
                _log.warning("index_column_not_resident", extra={"field": field, "reason": str(error)})
                return False
        return True

    def _read_texts(self, cursor: duckdb.DuckDBPyConnection, part: Part, field: str) -> TextColumn | None:
        """The column, unless its texts would take too much memory."""
        value = "actor_type || ':' || actor_id" if field == "actor" else SCALAR_FIELDS[field]
        # The database makes numbers of the texts, so that of each value only one text comes here.
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE known AS SELECT value, row_number() OVER () AS place"
            f" FROM (SELECT DISTINCT {value} AS value FROM {_ROWS}) WHERE value IS NOT NULL",
            _file(part),
        )
        ((count, length),) = cursor.execute("SELECT count(*), coalesce(sum(strlen(value)), 0) FROM known").fetchall()
        if count > _MOST_VALUES or count * VALUE_BYTES + length > self._room // _SHARE:
            return None
        known = [value for (value,) in cursor.execute("SELECT value FROM known ORDER BY place").fetchall()]
        rows = cursor.execute(
            f"SELECT index, coalesce(place, 0) AS place FROM (SELECT index, {value} AS value FROM {_ROWS})"
            " LEFT JOIN known USING (value)",
            _file(part),
        ).fetchnumpy()
        dictionary = self._dictionaries[field]
        numbers = np.array([0, *dictionary.add(known)], np.uint32)
        values, ranks = np.unique(numbers, return_inverse=True)
        places = np.zeros(part.end - part.first, np.min_scalar_type(len(values)))
        places[rows["index"] - part.first] = ranks[rows["place"]]
        column = TextColumn.of(places, values, dictionary)
        dictionary.mark(column, part.first, self._block(part))
        return column


def _read_times(cursor: duckdb.DuckDBPyConnection, part: Part, field: str) -> TimeColumn:
    rows = cursor.execute(
        f"SELECT index, coalesce(epoch_us({SCALAR_FIELDS[field]}), {NEVER}) AS time FROM {_ROWS}", _file(part)
    ).fetchnumpy()
    times = np.full(part.end - part.first, NEVER, np.int64)
    times[rows["index"] - part.first] = rows["time"]
    known = times[times != NEVER]
    low, high = (int(known.min()), int(known.max())) if len(known) else (None, None)
    return TimeColumn(times, low, high, complete=len(known) == len(times))


def _file(part: Part) -> list[str]:
    return [] if part.file is None else [file_pattern(part.file)]


def _is_time(field: str) -> bool:
    return FIELDS[field].field.kind is Kind.TIME
