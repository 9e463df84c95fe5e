r"""From a tree back to text: one text a tree, which the parser reads as that tree again, at any later time.

A text stands bare where that is surely safe, else in quotes; the only escapes are ``\"`` and ``\\``. Times are written
in full, in UTC. Parentheses stand only where they are needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from indelible.events.timestamps import from_microseconds
from indelible.query.ast import And, Everything, FreeText, Kind, Match, Network, Not, Or, Pattern, Present, Range, Value

if TYPE_CHECKING:
    from indelible.query.ast import Field, Query, Test

__all__ = ["print_query", "print_text", "print_value"]

_BARE_WORD = re.compile(r"(?!(?:and|or|not)\Z)[\w@/#$%&+=~][\w@/#$%&+=~.,;!?'-]*", re.IGNORECASE)
_BARE_VALUE = re.compile(r"(?:[\w@/#$%&+=~,;!?':-]|\.(?!\.))+")
_BARE_MEMBER = re.compile(r"[\w@/#$%&+=~-]+")
_ESCAPED = re.compile(r'["\\]')
_LARGEST_WHOLE = 2**53


def print_query(query: Query) -> str:
    """The text of a tree that :func:`~indelible.query.parser.parse_query` can give.

    Raises:
        ValueError: for a tree that it cannot: a time beyond the year 9999, say.
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


def print_text(text: str) -> str:
    """Free text, as a query has to write it."""
    return text if _BARE_WORD.fullmatch(text) else _quoted(text)


def print_value(text: str) -> str:
    """The value of a field, as a query has to write it to mean exactly that."""
    return text if _BARE_VALUE.fullmatch(text) else _quoted(text)


def _within(part: Query, *weaker: type[And | Or]) -> str:
    text = print_query(part)
    return f"({text})" if isinstance(part, weaker) else text


def _print_field(field: Field) -> str:
    members = (name if _BARE_MEMBER.fullmatch(name) else _quoted(name) for name in field.path)
    return ".".join((field.name, *members))


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
    whole = isinstance(number, int) or (number.is_integer() and abs(number) < _LARGEST_WHOLE)
    return str(int(number)) if whole else repr(number)


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\g<0>", text) + '"'
