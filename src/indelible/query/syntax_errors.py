"""What to tell somebody whose query the grammar does not take: where, and what was expected there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from indelible.errors import QueryError

if TYPE_CHECKING:
    from lark.exceptions import UnexpectedInput

__all__ = ["explain_syntax"]

_CLOSING = re.compile(r"\s*\)")
_VALUE = 'a value directly after the colon: name:value, name:"any text", or name:* for any'


def explain_syntax(text: str, error: UnexpectedInput) -> QueryError:
    """The error for a ``text`` that lark stopped in."""
    place = _place(text, error)
    return QueryError(_detail(text, place, _expected(error)), column=place + 1)


def _place(text: str, error: UnexpectedInput) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(text)  # lark would say where the last token began
    place: int = getattr(error, "pos_in_stream", 0)
    closing = _CLOSING.match(text, place)  # a token that begins with the white space before it
    return closing.end() - 1 if closing else place


def _expected(error: UnexpectedInput) -> set[str]:
    """The terminals that could have gone on."""
    found = error.allowed if isinstance(error, UnexpectedCharacters) else getattr(error, "expected", None)
    return set(found or ())


def _detail(text: str, place: int, expected: set[str]) -> str:
    here = text[place : place + 1]
    if here == '"':
        return "this quote is never closed"
    if "COMPARISON" in expected:
        return f"expected {_VALUE}" + ("; a field cannot stand before parentheses" if here == "(" else "")
    if "KEY" not in expected and "BARE" in expected and "_SPACE" not in expected:
        return "expected a number or a time to compare with"
    if here == ":":
        return "a colon parts a field from its value; quote text that holds one"
    return _of_terms(here, expected)


def _of_terms(here: str, expected: set[str]) -> str:
    """What is wrong between terms."""
    begins = "KEY" in expected
    match here:
        case ")" if not begins:
            return "there is no ( that this ) closes"
        case "" if not begins:
            return "expected a ) for a ( that is open"
        case "-" if begins:
            return "a - stands directly before what it negates; quote it to search for it"
        case _ if begins:
            return 'expected a term: field:value, a word, "quoted text" or a group in parentheses'
        case _:
            return "expected white space, AND or OR; quote text that holds parentheses or quotes"
