"""What could come next in a query that is being typed: a field, or a value of one.

For shells and input fields. Knows the language, not the log: where values come from what is recorded, it says of which
field, and whoever has an index looks them up. Never fails, whatever is typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from indelible.errors import QueryError
from indelible.query.ast import Kind
from indelible.query.fields import FIELDS, JSON_ROOTS, SUGAR, find_field
from indelible.query.quoting import split_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.query.ast import Field

__all__ = ["Candidate", "Suggestion", "suggest"]

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\s()]|[^\s()"]+', re.DOTALL)
_KEY = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^":])+):', re.DOTALL)
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)

_TIMES = {
    "1h": "an hour ago",
    "24h": "a day ago",
    "7d": "a week ago",
    "30d": "thirty days ago",
    "today": "since midnight, UTC",
    "yesterday": "the day before, UTC",
}


class Candidate(NamedTuple):
    """A text that could stand there, as the query has to write it, and what it means."""

    text: str
    summary: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What could stand at the cursor, in place of what was typed since ``start``.

    Attributes:
        start: Where that begins; it ends at the cursor.
        candidates: What the language itself knows, in the order of its tables.
        field: The field of whose recorded values one could stand there, written with
            :func:`~indelible.query.quoting.print_value`; ``None`` when none could.
        prefix: What these values begin with, without quotes.
    """

    start: int
    candidates: tuple[Candidate, ...] = ()
    field: Field | None = None
    prefix: str = ""


def suggest(text: str, cursor: int) -> Suggestion:
    """What could come next at ``cursor``, in ``[0, len(text)]``; what stands beyond it is not looked at."""
    start = 0
    for piece in _PIECE.finditer(text, 0, cursor):
        if piece[0].isspace() or piece[0] in "()":
            start = piece.end()
    start += len(text[start:cursor]) - len(text[start:cursor].lstrip("-"))
    term = text[start:cursor]
    key = _KEY.match(term)
    if key is not None:
        return _values(key[1], term[key.end() :], start + key.end())
    return Suggestion(start, _beginning(term, _fields()))


def _fields() -> Iterable[Candidate]:
    yield from (Candidate(f"{name}:", place.summary) for name, place in FIELDS.items())
    yield from (Candidate(f"{name}:", summary) for name, summary in SUGAR.items())
    yield from (Candidate(f"{root}.", f"a member of {root}") for root in JSON_ROOTS)


def _values(name: str, typed: str, start: int) -> Suggestion:
    """What could follow a name and its colon."""
    if name in SUGAR:
        return Suggestion(start, _beginning(typed, _times()))
    try:
        field = find_field(split_path(name, 1))
    except QueryError:
        field = None
    if field is None or field.kind is Kind.INTEGER:
        return Suggestion(start)
    if field.kind is Kind.TIME:
        return Suggestion(start, _beginning(typed, _times()))
    if field.name in FIELDS and (choices := FIELDS[field.name].choices):
        return Suggestion(start, _beginning(typed, (Candidate(choice, "") for choice in choices)))
    prefix = _UNESCAPE.sub(r"\1", typed[1:].removesuffix('"')) if typed.startswith('"') else typed
    return Suggestion(start, field=field, prefix=prefix)


def _times() -> Iterable[Candidate]:
    return (Candidate(text, summary) for text, summary in _TIMES.items())


def _beginning(typed: str, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(candidate for candidate in candidates if candidate.text.startswith(typed))
