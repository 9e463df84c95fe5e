"""Selections: a query over resident columns, which finds the rows of a segment that match.

A selection is given some rows of a part and leaves those that match. It looks at no others, and where a value says
which ones they can be, at those only.

Free texts are looked for elsewhere. What it says is what the database says of the same rows, and with that what the
naive evaluator (:mod:`indelible.query.evaluate`) says of the records.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce
from operator import and_, attrgetter, or_
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indelible.index.addresses import network_keys
from indelible.index.chosen import NO_ROWS, clipped, narrowed, remaining, together
from indelible.index.compiler import LAST_INDEX, LAST_MOMENT, whole_bounds
from indelible.index.held_columns import ALL_BLOCKS, NEVER, text_column, time_column
from indelible.index.resident_columns import RESIDENT_FIELDS
from indelible.query.ast import And, Everything, FreeText, Kind, Match, Network, Not, Or, Pattern, Present, Range, Value
from indelible.query.evaluate import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.index.chosen import Rows
    from indelible.index.control import Control
    from indelible.index.held_columns import Column, Dictionary, TextColumn
    from indelible.index.parts import Part
    from indelible.query.ast import Field, Query, Test

__all__ = ["Hits", "Selection", "compile_selection", "listed_entries", "needed_fields", "possible_blocks"]

Hits: TypeAlias = "Mapping[FreeText, NDArray[np.int64]]"
"""In which entries each free text is; ascending."""

_FEW = 4
_AT_ONCE = 4_096
"""Values of a dictionary that are tested before it is asked whether to stop."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What leaves those rows that match.

    Attributes:
        rows: From a part, its resident columns, where free texts are in it, and rows of it, to those that match.
        is_direct: Whether it finds them without looking at what each of the rows has.
    """

    rows: Callable[[Part, Mapping[str, Column], Hits, Rows], Rows]
    is_direct: bool


def needed_fields(query: Query) -> frozenset[str] | None:
    """The fields whose columns tell, with free texts aside, what matches; ``None`` where columns cannot tell."""
    match query:
        case Everything() | FreeText():
            return frozenset()
        case And() | Or():
            needed = [needed_fields(part) for part in query.parts]
            known = [fields for fields in needed if fields is not None]
            return frozenset().union(*known) if len(known) == len(needed) else None
        case Not():
            return needed_fields(query.part)
        case Match() if query.field.name == "index":
            return frozenset()
        case Match() if query.field.name in RESIDENT_FIELDS:
            return frozenset({query.field.name})
        case _:
            return None


def possible_blocks(query: Query, dictionaries: Mapping[str, Dictionary]) -> int:
    """Of the blocks that are held those in which anything can match, by the values that have to occur there."""
    match query:
        case And():
            return reduce(and_, (possible_blocks(part, dictionaries) for part in query.parts), ALL_BLOCKS)
        case Or():
            return reduce(or_, (possible_blocks(part, dictionaries) for part in query.parts), 0)
        case Match(test=Value(value=str() as text)) if (dictionary := dictionaries.get(query.field.name)) is not None:
            numbers = _numbers(query.field, text, dictionary)
            return dictionary.blocks(numbers) if len(numbers) <= _FEW else ALL_BLOCKS
        case _:
            return ALL_BLOCKS


def listed_entries(query: Query, dictionaries: Mapping[str, Dictionary]) -> list[int] | None:
    """The entries of columns held that match, ascending, and others that were let go of; ``None`` if not all listed."""
    match query:
        case Match(test=Value(value=str() as text)) if (dictionary := dictionaries.get(query.field.name)) is not None:
            numbers = _numbers(query.field, text, dictionary)
            if len(numbers) > _FEW:
                return None
            found: list[int] = []
            for number in numbers:
                entries = dictionary.entries(number)
                if entries is None:
                    return None
                found += entries
            return sorted(found)
        case _:
            return None


def compile_selection(query: Query, dictionaries: Mapping[str, Dictionary], control: Control) -> Selection:
    """What selects the rows that match a query whose fields can be resident; ``control`` stops it."""
    match query:
        case Everything():
            return Selection(lambda _part, _columns, _hits, rows: rows, is_direct=True)
        case And():
            return _all_of([compile_selection(part, dictionaries, control) for part in query.parts])
        case Or():
            return _any_of([compile_selection(part, dictionaries, control) for part in query.parts])
        case Not():
            return _negation(compile_selection(query.part, dictionaries, control))
        case FreeText():
            return _free_text(query)
        case Match():
            return _match(query.field, query.test, dictionaries, control)


def _all_of(selections: list[Selection]) -> Selection:
    ordered = sorted(selections, key=attrgetter("is_direct"), reverse=True)

    def select(part: Part, columns: Mapping[str, Column], hits: Hits, rows: Rows) -> Rows:
        for one in ordered:
            if not len(rows):
                break
            rows = one.rows(part, columns, hits, rows)
        return rows

    return Selection(select, ordered[0].is_direct)


def _any_of(selections: list[Selection]) -> Selection:
    def select(part: Part, columns: Mapping[str, Column], hits: Hits, rows: Rows) -> Rows:
        return together([one.rows(part, columns, hits, rows) for one in selections], part.end - part.first)

    return Selection(select, all(one.is_direct for one in selections))


def _negation(selection: Selection) -> Selection:
    def select(part: Part, columns: Mapping[str, Column], hits: Hits, rows: Rows) -> Rows:
        return remaining(rows, selection.rows(part, columns, hits, rows), part.end - part.first)

    return Selection(select, is_direct=False)


def _free_text(text: FreeText) -> Selection:
    def select(part: Part, _columns: Mapping[str, Column], hits: Hits, rows: Rows) -> Rows:
        found = hits[text] - part.first
        return clipped(found, rows) if isinstance(rows, range) else np.intersect1d(found, rows, assume_unique=True)

    return Selection(select, is_direct=True)


def _match(field: Field, test: Test, dictionaries: Mapping[str, Dictionary], control: Control) -> Selection:
    if field.kind is Kind.INTEGER:
        return _index(*_bounds(test, LAST_INDEX))
    if field.kind is Kind.TIME:
        return _time(field.name, *_bounds(test, LAST_MOMENT))
    return _text(field, test, dictionaries[field.name], control)


def _bounds(test: Test, last: int) -> tuple[int, int]:
    match test:
        case Value(value=int() as value):
            return whole_bounds(Range(value, value), last)
        case Range():
            return whole_bounds(test, last)
        case _:
            return 0, last


def _index(low: int, high: int) -> Selection:
    def select(part: Part, _columns: Mapping[str, Column], _hits: Hits, rows: Rows) -> Rows:
        return clipped(rows, range(low - part.first, high + 1 - part.first))

    return Selection(select, is_direct=True)


def _time(name: str, low: int, high: int) -> Selection:
    def select(_part: Part, columns: Mapping[str, Column], _hits: Hits, rows: Rows) -> Rows:
        column = time_column(columns, name)
        if column.low is None or column.high is None or column.high < low or high < column.low or high < low:
            return NO_ROWS
        if low <= column.low and column.high <= high:
            return rows if column.complete else narrowed(rows, column.times, lambda times: times != NEVER)
        return narrowed(rows, column.times, lambda times: (times >= low) & (times <= high))

    return Selection(select, is_direct=False)


def _text(field: Field, test: Test, dictionary: Dictionary, control: Control) -> Selection:
    control.check()
    match test:
        case Present():
            return Selection(
                lambda _part, columns, _hits, rows: narrowed(
                    rows, text_column(columns, field.name).places, lambda places: places > 0
                ),
                is_direct=False,
            )
        case Value(value=str() as text):
            numbers = _numbers(field, text, dictionary)
            if len(numbers) <= _FEW:
                return _equality(field.name, numbers)
            passing = cache(lambda: _marked(numbers, len(dictionary.values)))
        case Pattern():
            passing = cache(lambda: _tested(dictionary.values, _pattern_test(field, test), control))
        case Network():
            low, high = network_keys(test.network)
            passing = cache(lambda: _tested(dictionary.keys, lambda key: low <= key <= high, control))
        case _:
            return Selection(lambda _part, _columns, _hits, _rows: NO_ROWS, is_direct=True)

    def select(_part: Part, columns: Mapping[str, Column], _hits: Hits, rows: Rows) -> Rows:
        column = text_column(columns, field.name)
        table = passing()[column.values]  # made when it is first asked for: there may be many values to look at
        occurring = np.flatnonzero(table)
        if len(occurring) > _FEW:
            return narrowed(rows, column.places, lambda places: np.take(table, places))
        return _with_places(column, occurring.tolist(), rows)

    return Selection(select, is_direct=False)


def _numbers(field: Field, text: str, dictionary: Dictionary) -> Sequence[int]:
    """The numbers of the values that equal a text; entities also do when their ids do."""
    number = dictionary.number(text)
    of_ids = dictionary.numbers_of_id(text) if field.kind is Kind.ENTITY else ()
    return [number, *of_ids] if number else list(of_ids)  # not what others append to


def _equality(name: str, numbers: Sequence[int]) -> Selection:
    """Whether a value is one of a few; where they occur is looked up, and none of the others looked at."""
    wanted = np.array(numbers, np.uint32)

    def select(_part: Part, columns: Mapping[str, Column], _hits: Hits, rows: Rows) -> Rows:
        column = text_column(columns, name)
        return _with_places(column, [place for place in map(column.place, wanted) if place], rows)

    return Selection(select, is_direct=True)


def _marked(numbers: Sequence[int], count: int) -> NDArray[np.bool_]:
    marked = np.zeros(count, np.bool_)
    marked[numbers] = True
    return marked


def _with_places(column: TextColumn, places: Sequence[int], rows: Rows) -> Rows:
    """Those rows that have a value at one of a few places."""
    if not places:
        return NO_ROWS
    if not isinstance(rows, range):
        return narrowed(rows, column.places, lambda found: reduce(or_, [found == place for place in places]))
    found = [column.rows(place) for place in places]
    return clipped(found[0] if len(found) == 1 else np.sort(np.concatenate(found)), rows)


def _tested(values: Sequence[str], passes: Callable[[str], bool], control: Control) -> NDArray[np.bool_]:
    passing = np.zeros(len(values), np.bool_)  # while others are appended
    for start in range(1, len(passing), _AT_ONCE):
        control.check()
        end = min(start + _AT_ONCE, len(passing))
        passing[start:end] = [passes(value) for value in values[start:end]]
    return passing


def _pattern_test(field: Field, test: Pattern) -> Callable[[str], bool]:
    if field.kind is not Kind.ENTITY:
        return lambda value: fits(value, test.parts)
    return lambda value: fits(value, test.parts) or fits(value.partition(":")[2], test.parts)
