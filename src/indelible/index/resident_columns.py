"""Resident columns: the fields that questions name, of sealed segments, in memory as numbers.

A text column says of each entry which of its segment's values it has, and of each of those which number it has in the
field's dictionary, one for all segments. So a value is looked up once, and what an entry has is compared as a number,
without the database. Nothing is held before somebody asks. What there is no room for, the oldest first, is left to the
database, as is everything else.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb
import numpy as np

from indelible.index.addresses import address_key
from indelible.index.database import file_pattern
from indelible.index.places import SCALAR_FIELDS
from indelible.query.ast import Kind
from indelible.query.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.config import IndexSettings
    from indelible.index.parts import Part

__all__ = [
    "NEVER",
    "RESIDENT_FIELDS",
    "Column",
    "Dictionary",
    "ResidentColumns",
    "TextColumn",
    "TimeColumn",
    "is_of",
    "text_column",
    "time_column",
]

_log = logging.getLogger("indelible.index")

NEVER: Final = -1
"""Stands for a time that an entry does not say: none is before 1970."""

RESIDENT_FIELDS: Final = frozenset(SCALAR_FIELDS) - {"id", "index", "request", "trace", "actor.name"} | {"actor"}
"""What can be held: fields with one value or none, other than those of which nearly every entry has its own."""

_TEXT: Final = 150
"""Bytes of memory that a value takes in a dictionary, beside its text."""
_MOST_VALUES: Final = 250_000
"""A dictionary of more is no use: its field is left to the database."""
_SHARE: Final = 8
"""Texts of one column that take more than one in so many bytes of the room are left to the database."""
_ROWS: Final = "read_parquet(?, hive_partitioning = false)"


@dataclass(frozen=True, slots=True)
class TextColumn:
    """What the entries of a segment have in a field of texts.

    Attributes:
        places: For each entry the place of its value in ``values``; 0 for none.
        values: The numbers in the dictionary of the values that occur, each once; the first is 0.
        dictionary: What says which values those are.
    """

    places: NDArray[np.unsignedinteger[Any]]
    values: NDArray[np.uint32]
    dictionary: Dictionary

    @property
    def size(self) -> int:
        """Bytes."""
        return self.places.nbytes + self.values.nbytes


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """What the entries of a segment have in a field of times.

    Attributes:
        times: In microseconds since 1970, or :data:`NEVER`.
        low: The first of them; ``None`` when there is none.
        high: The last of them.
        complete: Whether all entries have one.
    """

    times: NDArray[np.int64]
    low: int | None
    high: int | None
    complete: bool

    @property
    def size(self) -> int:
        """Bytes."""
        return self.times.nbytes


Column: TypeAlias = TextColumn | TimeColumn


def text_column(columns: Mapping[str, Column], field: str) -> TextColumn:
    """The column of a field of texts."""
    column = columns[field]
    if not isinstance(column, TextColumn):
        raise TypeError(field)
    return column


def time_column(columns: Mapping[str, Column], field: str) -> TimeColumn:
    """The column of a field of times."""
    column = columns[field]
    if not isinstance(column, TimeColumn):
        raise TypeError(field)
    return column


def is_of(column: Column, field: str, dictionaries: Mapping[str, Dictionary]) -> bool:
    """Whether the numbers in a column of a field are those of a dictionary among these; times need none."""
    return isinstance(column, TimeColumn) or column.dictionary is dictionaries[field]


class Dictionary:
    """The values of a field of texts that are held of any segment, numbered from 1. Grows, and is read meanwhile.

    Nothing leaves it: once columns have been let go of, another one takes its place, with the values that are left.
    """

    def __init__(self, kind: Kind) -> None:
        """Values of a kind of field: entities are found by their ids, too, and addresses have keys."""
        self._kind = kind
        self.values = [""]
        self.keys = [""]
        """Of addresses their keys, see :mod:`indelible.index.addresses`; empty for a text that is none."""
        self.size = 0
        self._numbers: dict[str, int] = {}
        self._of_ids: dict[str, list[int]] = {}

    def add(self, values: Iterable[str]) -> list[int]:
        """The numbers of some values, new ones of those that it does not know."""
        return [self.number(value) or self._append(value) for value in values]

    def number(self, value: str) -> int:
        """The number of a value; 0 when it is unknown."""
        return self._numbers.get(value, 0)

    def numbers_of_id(self, name: str) -> list[int]:
        """Those of the entities, ``type:id``, with this id."""
        return self._of_ids.get(name, [])

    def _append(self, value: str) -> int:
        number = len(self.values)
        size = sys.getsizeof(value) + _TEXT
        if self._kind is Kind.ADDRESS:
            self.keys.append(address_key(value) or "")
            size += sys.getsizeof(self.keys[-1])
        self.values.append(value)
        self._numbers[value] = number
        if self._kind is Kind.ENTITY:
            self._of_ids.setdefault(value.partition(":")[2], []).append(number)
            size *= 2
        self.size += size
        return number


class ResidentColumns:
    """The resident columns of one index, which lie with its parts. Safe to use from any thread."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        repair: Callable[[Sequence[Part]], bool],
        settings: IndexSettings,
    ) -> None:
        """``repair`` makes damaged parts anew, see :meth:`indelible.index.indexer.Indexer.repair`."""
        self._connection = connection
        self._repair = repair
        self._room = settings.column_memory
        self._retry_interval = settings.retry_interval
        self._dictionaries = {
            field: Dictionary(FIELDS[field].field.kind) for field in RESIDENT_FIELDS if not _is_time(field)
        }  # replaced as a whole
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
            if found is not None and self._make_room(found[0], parts):
                return self._take_in(*found)
            self._rest(wanted)
            return False

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
            part.columns[field] = TextColumn(column.places, numbers[column.values], new)
        self._dictionaries = {**self._dictionaries, field: new}  # last: what has been renumbered is not held till then

    def _make_room(self, part: Part, parts: Sequence[Part]) -> bool:
        """Let go of the columns of older parts, the oldest first, until there is room for one of ``part``."""
        needed = (part.end - part.first) * np.dtype(np.int64).itemsize  # at most
        used = sum(dictionary.size for dictionary in self._dictionaries.values())
        used += sum(column.size for other in parts for column in other.columns.values())
        for other in parts:
            if used + needed <= self._room or other.first >= part.first:
                break
            used -= sum(column.size for column in other.columns.values())
            self._let_go += bool(other.columns)
            other.columns.clear()
        return used + needed <= self._room

    def _take_in(self, part: Part, field: str) -> bool:
        try:
            with self._connection.cursor() as cursor:
                column = _read_times(cursor, part, field) if _is_time(field) else self._read_texts(cursor, part, field)
            if column is None:
                self._passed_over[part.first, field] = float("inf")
            else:
                part.columns[field] = column
        except duckdb.Error as error:
            if not self._repair([part]):
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
        if count > _MOST_VALUES or count * _TEXT + length > self._room // _SHARE:
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
        return TextColumn(places, values, dictionary)


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
