"""Columns in memory: what the entries of a segment have in one field, as numbers.

A text column says of each entry which of its segment's values it has, and of each of those which number it has in the
field's dictionary, one for all segments. So a value is looked up once, and what an entry has is compared as a number;
or, since the column has its entries by value, too, those with the value are at hand.
The dictionary says of each value in which of the segments that are held it occurs, so that the others of those need
not be looked at, and of a rare one in which entries.

Segments are named by their *blocks*: how many of their length lie before them. A set of blocks is a whole number with a
bit for each of them, the lowest for the first; -1 is the set of all.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from indelible.index.addresses import address_key
from indelible.index.postings import Postings
from indelible.query.ast import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from indelible.index.parts import Part

__all__ = [
    "ALL_BLOCKS",
    "NEVER",
    "NOTHING_HELD",
    "VALUE_BYTES",
    "Column",
    "Dictionary",
    "Held",
    "TextColumn",
    "TimeColumn",
    "is_of",
    "text_column",
    "time_column",
]

ALL_BLOCKS: Final = -1
"""Every block there is or will be."""

NEVER: Final = -1
"""Stands for a time that an entry does not say: none is before 1970."""

VALUE_BYTES: Final = 170
"""Bytes of memory that a value takes in a dictionary, beside its text and the set of its blocks."""
_DIGIT_BITS, _DIGIT_BYTES = sys.int_info.bits_per_digit, sys.int_info.sizeof_digit  # of whole numbers, as of sets


@dataclass(frozen=True, slots=True)
class TextColumn:
    """What the entries of a segment have in a field of texts.

    Attributes:
        places: For each entry the place of its value in ``values``; 0 for none.
        values: The numbers in the dictionary of the values that occur, each once; the first is 0.
        dictionary: What says which values those are.
        by_place: The rows, which are the entries numbered from 0, by their values' places and then ascending.
        starts: Where among them those of each place begin; one more, where the last one ends.
    """

    places: NDArray[np.unsignedinteger[Any]]
    values: NDArray[np.uint32]
    dictionary: Dictionary
    by_place: NDArray[np.unsignedinteger[Any]]
    starts: NDArray[np.uint32]

    @classmethod
    def of(
        cls, places: NDArray[np.unsignedinteger[Any]], values: NDArray[np.uint32], dictionary: Dictionary
    ) -> TextColumn:
        """The column of these."""
        by_place = places.argsort(kind="stable").astype(np.min_scalar_type(len(places) - 1))
        starts = np.zeros(len(values) + 1, np.uint32)
        starts[1:] = np.bincount(places, minlength=len(values)).cumsum()
        return cls(places, values, dictionary, by_place, starts)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.places.nbytes + self.values.nbytes + self.by_place.nbytes + self.starts.nbytes

    @property
    def counts(self) -> NDArray[np.uint32]:
        """How many entries have the value at each place."""
        return np.diff(self.starts)

    def place(self, number: np.uint32) -> int:
        """The place of the value with a number; 0 when it does not occur."""
        place = int(self.values.searchsorted(number))
        return place if place < len(self.values) and self.values[place] == number else 0

    def rows(self, place: int) -> NDArray[np.unsignedinteger[Any]]:
        """The rows with the value at a place, ascending."""
        return self.by_place[self.starts[place] : self.starts[place + 1]]


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
        self._size = 0
        self._blocks = [0]
        self._last_block = 0
        self._postings = Postings()
        self._numbers: dict[str, int] = {}
        self._of_ids: dict[str, list[int]] = {}

    @property
    def size(self) -> int:
        """Bytes of memory, at most."""
        sets = (len(self.values) - 1) * (self._last_block // _DIGIT_BITS + 1) * _DIGIT_BYTES
        return self._size + sets + self._postings.size

    def add(self, values: Iterable[str]) -> list[int]:
        """The numbers of some values, new ones of those that it does not know."""
        return [self.number(value) or self._append(value) for value in values]

    def mark(self, column: TextColumn, first: int, block: int) -> None:
        """Say what the values of a column, of the segment that begins at ``first`` and is that block, occur in."""
        bit = 1 << block
        self._last_block = max(self._last_block, block)
        for number in column.values[1:].tolist():
            self._blocks[number] |= bit
        self._postings.add(column, first)

    def number(self, value: str) -> int:
        """The number of a value; 0 when it is unknown."""
        return self._numbers.get(value, 0)

    def numbers_of_id(self, name: str) -> list[int]:
        """Those of the entities, ``type:id``, with this id."""
        return self._of_ids.get(name, [])

    def blocks(self, numbers: Iterable[int]) -> int:
        """The blocks in which any of the values with these numbers occurs, and others that were let go of."""
        found = 0
        for number in numbers:
            found |= self._blocks[number]
        return found

    def entries(self, number: int) -> list[int] | None:
        """The entries that have the value with this number, and others that were let go of; ``None`` when many do."""
        return self._postings.of(number)

    def _append(self, value: str) -> int:
        number = len(self.values)
        size = sys.getsizeof(value) + VALUE_BYTES
        if self._kind is Kind.ADDRESS:
            self.keys.append(address_key(value) or "")
            size += sys.getsizeof(self.keys[-1])
        self.values.append(value)
        self._blocks.append(0)
        self._postings.append()
        if self._kind is Kind.ENTITY:
            self._of_ids.setdefault(value.partition(":")[2], []).append(number)
            size *= 2
        self._numbers[value] = number  # last: who knows the number finds the rest
        self._size += size
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Of some parts those of which the columns of some fields are held, at one moment.

    Attributes:
        parts: Which parts those are, by their blocks.
        columns: Their columns, by the first index and the field.
        blocks: Their blocks, as a set.
        others: The other parts, ascending.
        dictionaries: Those that the columns have, by field.
        width: Entries of a block.
    """

    parts: Mapping[int, Part]
    columns: Mapping[int, Mapping[str, Column]]
    blocks: int
    others: tuple[Part, ...]
    dictionaries: Mapping[str, Dictionary]
    width: int

    def has(self, entry: int) -> bool:
        """Whether an entry is in one of the parts."""
        return entry // self.width in self.parts

    def within(self, blocks: int) -> Iterator[Part]:
        """Yield those of the parts whose blocks are in a set, and all others, in no particular order."""
        yield from self.others
        bits = bin(self.blocks & blocks)[:1:-1]
        block = bits.find("1")
        while block >= 0:
            yield self.parts[block]
            block = bits.find("1", block + 1)


NOTHING_HELD: Final = Held(parts={}, columns={}, blocks=0, others=(), dictionaries={}, width=1)
