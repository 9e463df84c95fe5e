"""What a query means: a predicate over one record, written to be obviously right rather than quick.

The index is held against it, the live tail is filtered with it, and grants are enforced by it. It reads the record as
decoded JSON (:func:`~indelible.events.record.decode_record`); the index of the entry comes beside it, since a record
does not know its own.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from indelible.events.timestamps import to_microseconds
from indelible.query.ast import And, Everything, FreeText, Kind, Match, Network, Not, Or, Pattern, Present, Range, Value
from indelible.query.fields import FIELDS, JSON_ROOTS
from indelible.query.free_text import TextMatcher
from indelible.query.values import JSON_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from indelible.query.ast import Field, Query, Test

    Predicate: TypeAlias = Callable[[Mapping[str, Any], int], bool]
    ValueTest: TypeAlias = Callable[[Any], bool]

__all__ = ["compile_query", "fits", "matches"]

_LITERALS = {"true": True, "false": False, "null": None}


def matches(query: Query, record: Mapping[str, Any], index: int) -> bool:
    """Whether a decoded record at ``index`` of its log matches. For many records, :func:`compile_query` once."""
    return compile_query(query)(record, index)


def compile_query(query: Query) -> Predicate:
    """The predicate over a decoded record and its index that a query means."""
    match query:
        case Everything():
            return lambda _record, _index: True
        case And():
            parts = [compile_query(part) for part in query.parts]
            return lambda record, index: all(part(record, index) for part in parts)
        case Or():
            parts = [compile_query(part) for part in query.parts]
            return lambda record, index: any(part(record, index) for part in parts)
        case Not():
            inner = compile_query(query.part)
            return lambda record, index: not inner(record, index)
        case FreeText():
            matcher = TextMatcher(query.text)
            return lambda record, _index: matcher.in_record(record)
        case Match():
            return _match(query.field, query.test)
        case _:
            assert_never(query)


def _match(field: Field, test: Test) -> Predicate:
    read, passes = _reader(field), _value_test(field, test)
    return lambda record, index: any(map(passes, read(record, index)))


def _reader(field: Field) -> Callable[[Mapping[str, Any], int], Iterable[Any]]:
    """What yields the values that a record has in a field."""
    if field.kind is Kind.JSON:
        trail = (*JSON_ROOTS[field.name], *field.path)
        return lambda record, _index: _members([record], trail)
    trail = FIELDS[field.name].members
    if not trail:
        return lambda _record, index: [index]
    if field.kind is Kind.ENTITY:
        return lambda record, _index: [
            name for entity in _each(record, trail) for name in (entity["id"], f"{entity['type']}:{entity['id']}")
        ]
    if field.kind is Kind.TIME:
        return lambda record, _index: map(to_microseconds, _each(record, trail))
    return lambda record, _index: _each(record, trail)


def _members(values: list[Any], trail: tuple[str, ...]) -> list[Any]:
    """What stands at the end of a trail of members: one value or none."""
    for name in trail:
        values = [value[name] for value in values if isinstance(value, dict) and name in value]
    return values


def _each(record: Mapping[str, Any], trail: tuple[str, ...]) -> list[Any]:
    """The values at the end of a trail; an array on the way, or at its end, stands for its elements."""
    values: list[Any] = [record]
    for name in trail:
        found = _members(values, (name,))
        values = [one for value in found for one in (value if isinstance(value, list) else [value])]
    return values


def _value_test(field: Field, test: Test) -> ValueTest:
    match test:
        case Present():
            return lambda _value: True
        case Network():
            return lambda value: ipaddress.ip_address(value) in test.network
    passes = _scalar_test(field, test)
    if field.kind is not Kind.JSON:
        return passes
    return lambda value: any(map(passes, value)) if isinstance(value, list) else passes(value)


def _scalar_test(field: Field, test: Value | Pattern | Range) -> ValueTest:
    match test:
        case Pattern():
            return lambda value: isinstance(value, str) and fits(value, test.parts)
        case Range():
            return lambda value: _is_number(value) and _is_within(value, test)
        case Value(value=str() as text) if field.kind is Kind.JSON:
            return _json_equality(text)
        case Value():
            return lambda value: bool(value == test.value)


def _json_equality(text: str) -> ValueTest:
    number = float(text) if JSON_NUMBER.fullmatch(text) else None

    def equals(value: object) -> bool:
        if isinstance(value, str):
            return value == text
        if value is None or isinstance(value, bool):
            return text in _LITERALS and _LITERALS[text] is value
        return isinstance(value, int | float) and float(value) == number

    return equals


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_within(number: float, bounds: Range) -> bool:
    if bounds.low is not None and (number <= bounds.low if bounds.low_open else number < bounds.low):
        return False
    return bounds.high is None or (number < bounds.high if bounds.high_open else number <= bounds.high)


def fits(text: str, parts: tuple[str, ...]) -> bool:
    """Whether the parts stand in ``text`` in their order, the first at its beginning, the last at its end."""
    first, *inner, last = parts
    if not text.startswith(first):
        return False
    place = len(first)
    for part in inner:
        place = text.find(part, place)  # the earliest leaves the most for those that follow
        if place < 0:
            return False
        place += len(part)
    return len(text) - len(last) >= place and text.endswith(last)
