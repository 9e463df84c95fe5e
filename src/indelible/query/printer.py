"""From a tree back to text: one text a tree, which the parser reads as that tree again, at any later time.

Times are written in full, in UTC; quotes and parentheses stand only where they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from indelible.events.timestamps import from_microseconds
from indelible.query.ast import And, Everything, FreeText, Kind, Match, Network, Not, Or, Pattern, Present, Range, Value
from indelible.query.quoting import print_member, print_text, print_value

if TYPE_CHECKING:
    from indelible.query.ast import Field, Query, Test

__all__ = ["print_query"]


def print_query(query: Query) -> str:
    """The text of a tree.

    Raises:
        OverflowError: it holds a time beyond the year 9999, which no text can name.
    """
    match query:
        case Or():
            return " OR ".join(map(print_query, query.parts))
        case And():
            return " ".join(_within(part, Or) for part in query.parts)
        case Not():
            return f"-{_within(query.part, Or, And)}"
        case Everything():
            return "*"
        case FreeText():
            return print_text(query.text)
        case Match():
            return f"{_print_field(query.field)}:{_print_test(query.field, query.test)}"
        case _:
            assert_never(query)


def _within(part: Query, *weaker: type[And | Or]) -> str:
    text = print_query(part)
    return f"({text})" if isinstance(part, weaker) else text


def _print_field(field: Field) -> str:
    return ".".join((field.name, *map(print_member, field.path)))


def _print_test(field: Field, test: Test) -> str:
    match test:
        case Present():
            return "*"
        case Pattern():
            return "*".join(print_value(part) if part else "" for part in test.parts)
        case Network():
            is_one_of_many_spellings = test.network.version == 6 and test.network.prefixlen == 128
            return str(test.network.network_address if is_one_of_many_spellings else test.network)
        case Value():
            return print_value(test.value) if isinstance(test.value, str) else _print_number(field, test.value)
        case Range():
            return _print_range(field, test)


def _print_range(field: Field, bounds: Range) -> str:
    low = "" if bounds.low is None else _print_number(field, bounds.low)
    high = "" if bounds.high is None else _print_number(field, bounds.high)
    if low and not high:
        return f">{low}" if bounds.low_open else f">={low}"
    if high and not low:
        return f"<{high}" if bounds.high_open else f"<={high}"
    return f"{low}{'<' * bounds.low_open}..{'<' * bounds.high_open}{high}"


def _print_number(field: Field, number: float) -> str:
    if field.kind is Kind.TIME:
        return from_microseconds(int(number))
    return str(number).removesuffix(".0")
