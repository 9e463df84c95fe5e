"""Selections: a query over resident columns, which tells of every entry of a segment whether it matches.

Free texts are looked for elsewhere. What it says is what the database says of the same rows, and with that what the
naive evaluator (:mod:`indelible.query.evaluate`) says of the records.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from indelible.index.addresses import network_keys
from indelible.index.compiler import LAST_INDEX, LAST_MOMENT, whole_bounds
from indelible.index.held_columns import ALL_BLOCKS, NEVER, text_column, time_column
from indelible.index.resident_columns import RESIDENT_FIELDS
from indelible.query.ast import And, Everything, FreeText, Kind, Match, Network, Not, Or, Pattern, Present, Range, Value
from indelible.query.evaluate import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.index.control import Control
    from indelible.index.held_columns import Column, Dictionary, TextColumn
    from indelible.index.parts import Part
    from indelible.query.ast import Field, Query, Test

__all__ = ["Hits", "Mask", "Selection", "compile_selection", "needed_fields", "possible_blocks"]

Mask: TypeAlias = "NDArray[np.bool_] | bool"
"""Of each entry of a part whether it matches; or of all of them."""
Hits: TypeAlias = "Mapping[FreeText, NDArray[np.int64]]"
"""In which entries each free text is; ascending."""
Selection: TypeAlias = "Callable[[Part, Mapping[str, Column], Hits], Mask]"
"""From a part, its resident columns, and where free texts are in it, to what matches there."""

_FEW = 4
_AT_ONCE = 4_096
"""Values of a dictionary that are tested before it is asked whether to stop."""


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


def compile_selection(query: Query, dictionaries: Mapping[str, Dictionary], control: Control) -> Selection:
    """What selects the entries that match a query whose fields can be resident; ``control`` stops it."""
    match query:
        case Everything():
            return lambda _part, _columns, _hits: True
        case And():
            return _joined([compile_selection(part, dictionaries, control) for part in query.parts], neutral=True)
        case Or():
            return _joined([compile_selection(part, dictionaries, control) for part in query.parts], neutral=False)
        case Not():
            return _negation(compile_selection(query.part, dictionaries, control))
        case FreeText():
            return _free_text(query)
        case Match():
            return _match(query.field, query.test, dictionaries, control)


def _joined(selections: list[Selection], *, neutral: bool) -> Selection:
    """All of them, or with ``neutral`` false any of them."""

    def select(part: Part, columns: Mapping[str, Column], hits: Hits) -> Mask:
        found: Mask = neutral
        for one in selections:
            mask = one(part, columns, hits)
            if mask is (not neutral):
                return mask
            if found is neutral:
                found = mask
            elif mask is not neutral:
                found = found & mask if neutral else found | mask
        return found

    return select


def _negation(selection: Selection) -> Selection:
    def select(part: Part, columns: Mapping[str, Column], hits: Hits) -> Mask:
        mask = selection(part, columns, hits)
        return not mask if isinstance(mask, bool) else ~mask

    return select


def _free_text(text: FreeText) -> Selection:
    def select(part: Part, _columns: Mapping[str, Column], hits: Hits) -> Mask:
        found = hits[text]
        if not len(found):
            return False
        mask = np.zeros(part.end - part.first, np.bool_)
        mask[found - part.first] = True
        return mask

    return select


def _match(field: Field, test: Test, dictionaries: Mapping[str, Dictionary], control: Control) -> Selection:
    if field.kind is Kind.INTEGER:
        low, high = _bounds(test, LAST_INDEX)
        return lambda part, _columns, _hits: _within(
            np.arange(part.first, part.end), part.first, part.end - 1, low, high
        )
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


def _time(name: str, low: int, high: int) -> Selection:
    def select(_part: Part, columns: Mapping[str, Column], _hits: Hits) -> Mask:
        column = time_column(columns, name)
        if column.low is None or column.high is None:
            return False
        mask = _within(column.times, column.low, column.high, low, high)
        return column.times != NEVER if mask is True and not column.complete else mask

    return select


def _within(numbers: NDArray[np.int64], first: int, last: int, low: int, high: int) -> Mask:
    """Which of the numbers, which are themselves in ``[first, last)``, are within ``[low, high]``."""
    if high < first or last < low or high < low:
        return False
    if low <= first and last <= high:
        return True
    return (numbers >= low) & (numbers <= high)


def _text(field: Field, test: Test, dictionary: Dictionary, control: Control) -> Selection:
    control.check()
    match test:
        case Present():
            return lambda _part, columns, _hits: text_column(columns, field.name).places > 0
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
            return lambda _part, _columns, _hits: False

    def select(_part: Part, columns: Mapping[str, Column], _hits: Hits) -> Mask:
        column = text_column(columns, field.name)
        table = passing()[column.values]  # made when it is first asked for: there may be many values to look at
        occurring = np.flatnonzero(table)
        return np.take(table, column.places) if len(occurring) > _FEW else _any_of(column, occurring.tolist())

    return select


def _numbers(field: Field, text: str, dictionary: Dictionary) -> Sequence[int]:
    """The numbers of the values that equal a text; entities also do when their ids do."""
    number = dictionary.number(text)
    of_ids = dictionary.numbers_of_id(text) if field.kind is Kind.ENTITY else ()
    return [number, *of_ids] if number else of_ids


def _equality(name: str, numbers: Sequence[int]) -> Selection:
    """Whether a value is one of a few; where they occur is looked up, and none of the others looked at."""
    wanted = np.array(numbers, np.uint32)

    def select(_part: Part, columns: Mapping[str, Column], _hits: Hits) -> Mask:
        column = text_column(columns, name)
        return _any_of(column, [place for place in map(column.place, wanted) if place])

    return select


def _marked(numbers: Sequence[int], count: int) -> NDArray[np.bool_]:
    marked = np.zeros(count, np.bool_)
    marked[numbers] = True
    return marked


def _any_of(column: TextColumn, places: Sequence[int]) -> Mask:
    """Which entries have a value at one of some places."""
    found: Mask = False
    for place in places:
        mask = column.places == place
        found = mask if found is False else found | mask
    return found


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
