"""What the value of a match means for its field: text, wildcards, numbers, times, addresses, ranges.

Each kind of field takes some forms and refuses the others: a comparison of texts, say, would find nothing, and whoever
asks an audit log must not take that for an answer. So does a value that the field can never have.
"""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from indelible.errors import QueryError
from indelible.query.ast import Kind, Network, Pattern, Present, Range, Value
from indelible.query.fields import FIELDS
from indelible.query.moments import Moment, read_moment
from indelible.query.quoting import unquoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lark import Token

    from indelible.query.ast import Field, Test

__all__ = [
    "JSON_NUMBER",
    "Comparison",
    "Span",
    "Text",
    "Written",
    "column_of",
    "did_you_mean",
    "join_pieces",
    "read_test",
    "read_time",
]

JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
"""A number as JSON writes one (RFC 8259, section 6)."""

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_NETWORK = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}", re.ASCII)
_NUMBERS = {Kind.INTEGER, Kind.TIME, Kind.JSON}


@dataclass(frozen=True, slots=True)
class Text:
    """A text with or without holes: ``parts`` between the stars outside of quotes. ``column`` is where it begins."""

    parts: tuple[str, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``>=5``: the sign, and what it compares with."""

    sign: str
    bound: Text
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """``5..7``: its bounds, either of which may be missing or left out of it."""

    low: Text | None
    high: Text | None
    dots: str
    column: int


Written: TypeAlias = Text | Comparison | Span
"""A value as the grammar reads it."""


def join_pieces(tokens: Sequence[Token]) -> Text:
    r"""The text that words, quoted texts and stars give when they stand side by side: ``"Ada L"*``.

    Raises:
        QueryError: a backslash in quotes stands before something other than ``"`` or ``\``.
    """
    parts = [""]
    for token in tokens:
        if token.type == "STAR":
            parts.append("")
        else:
            parts[-1] += unquoted(str(token), column_of(token)) if token.type == "QUOTED" else str(token)
    # What two stars side by side let through, one does.
    kept = [part for place, part in enumerate(parts) if part or place in {0, len(parts) - 1}]
    return Text(tuple(kept), column_of(tokens[0]))


def column_of(token: Token) -> int:
    """Where a token begins, counted from 1."""
    return (token.start_pos or 0) + 1


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``; did you mean 'actor'?`` where something known is close to ``word``; else nothing."""
    close = get_close_matches(word.lower(), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def read_test(field: Field, written: Written, now_us: int) -> Test:
    """The test that a value of this form means for the field.

    Raises:
        QueryError: the field takes no such form, or can have no such value.
    """
    match written:
        case Text(("", "")):
            return Present()
        case Text():
            return _exact(field, written, now_us)
        case _ if field.kind not in _NUMBERS:
            hint = "; a network does that: 10.0.0.0/8" if field.kind is Kind.ADDRESS else ""
            what = (
                f"{field.name} has no order, so no comparison or range of it{hint}; quote a value that looks like one"
            )
            raise QueryError(what, column=written.column)
        case Comparison():
            return _comparison(field, written, now_us)
        case Span():
            return _span(field, written, now_us)


def _exact(field: Field, text: Text, now_us: int) -> Test:
    match field.kind:
        case Kind.INTEGER:
            return Value(_whole(text))
        case Kind.TIME:
            moment = read_time(text, now_us)
            if moment.is_ago:
                return Range(low=moment.first)  # nothing happened at that very microsecond; what has since is meant
            return Value(moment.first) if moment.first == moment.last else Range(moment.first, moment.last)
        case _ if len(text.parts) > 1:
            return Pattern(text.parts)
        case Kind.ADDRESS:
            return _address(text)
        case _:
            _check_choice(field, text)
            return Value(text.parts[0])


def _check_choice(field: Field, text: Text) -> None:
    choices = FIELDS[field.name].choices if field.name in FIELDS else ()
    (value,) = text.parts
    if choices and value not in choices:
        what = f"{field.name} is one of {', '.join(choices)}{did_you_mean(value, choices)}"
        raise QueryError(what, column=text.column)


def _address(text: Text) -> Test:
    (value,) = text.parts
    try:
        if _NETWORK.fullmatch(value):
            return Network(ipaddress.ip_network(value, strict=False))
        if "%" not in value:  # a zone means something on one host only, and no record has one
            address = ipaddress.ip_address(value)
            return Network(ipaddress.IPv6Network(address)) if address.version == 6 else Value(value)
    except ValueError:
        pass
    raise QueryError("expected an address, a network such as 10.0.0.0/8, or a wildcard: 10.1.*", column=text.column)


def _comparison(field: Field, written: Comparison, now_us: int) -> Range:
    first, last = _bound(field, written.bound, now_us)
    match written.sign:
        case ">":
            return Range(low=last, low_open=True)
        case ">=":
            return Range(low=first)
        case "<":
            return Range(high=first, high_open=True)
        case _:
            return Range(high=last)


def _span(field: Field, written: Span, now_us: int) -> Range:
    low_open, high_open = written.dots.startswith("<"), written.dots.endswith("<")
    low = high = None
    if written.low is not None:
        first, last = _bound(field, written.low, now_us)
        low = last if low_open else first
    if written.high is not None:
        first, last = _bound(field, written.high, now_us)
        high = first if high_open else last
    if (low_open and low is None) or (high_open and high is None):
        raise QueryError(
            "the < beside the dots leaves out a bound, but there is none on that side", column=written.column
        )
    if low is not None and high is not None and low > high:
        raise QueryError("this range ends before it begins", column=written.column)
    return Range(low, high, low_open, high_open)


def _bound(field: Field, text: Text, now_us: int) -> tuple[float, float]:
    """The first and the last of what a bound names: a day, say, is many moments. A number is but one."""
    match field.kind:
        case Kind.TIME:
            moment = read_time(text, now_us)
            return moment.first, moment.last
        case Kind.INTEGER:
            number: float = _whole(text)
        case _:
            number = _number(text)
    return number, number


def read_time(text: Text, now_us: int) -> Moment:
    """The time that a value names.

    Raises:
        QueryError: it names none.
    """
    try:
        return read_moment("*".join(text.parts), now_us)
    except ValueError as error:
        raise QueryError(str(error), column=text.column) from None


def _whole(text: Text) -> int:
    value = "*".join(text.parts)
    if not _DIGITS.fullmatch(value) or int(value) >= 1 << 63:
        raise QueryError("expected a whole number from 0, below 2^63", column=text.column)
    return int(value)


def _number(text: Text) -> float:
    value = "*".join(text.parts)
    number = float(value) if JSON_NUMBER.fullmatch(value) else math.nan
    if not math.isfinite(number):
        raise QueryError(
            "only numbers have an order here: 1000, -2.5, 1e6; quote a value that looks like a range",
            column=text.column,
        )
    return number
