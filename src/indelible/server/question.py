"""What is asked of a log's events: the parameters that search, histogram, facets, streams and exports share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from indelible.query.ast import Match, Range
from indelible.query.fields import FIELDS
from indelible.query.formula import both
from indelible.query.moments import read_moment
from indelible.query.parser import parse_query as parse_language
from indelible.server.problem import Refusal
from indelible.server.query import choice, parse_natural

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from indelible.query.ast import Query

__all__ = ["SPAN", "Asked", "Question", "asked", "bounded", "read_flag", "read_order", "read_question"]

SPAN = ("q", "since", "until")
"""The names of the parameters that :func:`read_question` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which events are wanted.

    Attributes:
        query: What they match; the bounds below are part of it.
        since_us: They occurred then or later, in microseconds since 1970.
        until_us: They occurred before then, likewise.
    """

    query: Query
    since_us: int | None
    until_us: int | None


def read_question(parameters: Mapping[str, str], *, within: Query) -> Question:
    """Read ``q``, ``since`` and ``until``. Whoever asks sees nothing but what matches ``within`` too.

    Raises:
        QueryError: the query cannot be read.
        Refusal: 400: a time cannot be read, or the end lies before the beginning.
    """
    now_us = time.time_ns() // 1_000
    query = both(within, parse_language(parameters.get("q", ""), now_us=now_us))
    since_us, until_us = _moment(parameters, "since", now_us), _moment(parameters, "until", now_us)
    if since_us is not None and until_us is not None and until_us < since_us:
        raise Refusal(400, "bad-query", "until lies before since: nothing can be between them", pointer="?until")
    if since_us is not None or until_us is not None:
        span = Range(low=since_us, high=until_us, high_open=True)
        query = both(query, Match(FIELDS["occurred"].field, span))
    return Question(query=query, since_us=since_us, until_us=until_us)


class Asked(TypedDict):
    """What a record of a question says: the query as it was written, and what else bounds it."""

    query: str
    details: dict[str, str]


def asked(parameters: Mapping[str, str], details: Mapping[str, str] | None = None) -> Asked:
    """The question as it goes on record: with its bounds in time, and ``details`` of the answer that is wanted."""
    bounds = {name: parameters[name] for name in ("since", "until") if name in parameters}
    return Asked(query=parameters.get("q", ""), details={**bounds, **(details or {})})


def read_order(parameters: Mapping[str, str], default: Literal["asc", "desc"]) -> Literal["asc", "desc"]:
    """Read ``order``.

    Raises:
        Refusal: 400: it is something else.
    """
    return "asc" if choice(parameters, "order", ("asc", "desc"), default) == "asc" else "desc"


def read_flag(parameters: Mapping[str, str], name: str) -> bool:
    """Read a parameter that is ``true`` or, as when it is absent, ``false``.

    Raises:
        Refusal: 400: it is something else.
    """
    return choice(parameters, name, ("true", "false"), "false") == "true"


def bounded(parameters: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    """Read a number from 1 to ``most``.

    Raises:
        Refusal: 400: it is something else.
    """
    text = parameters.get(name)
    if text is None:
        return default
    number = parse_natural(text)
    if number is None or not 1 <= number <= most:
        raise Refusal(400, "bad-query", f"{name} must be a number from 1 to {most:,}, not {text!r}", pointer=f"?{name}")
    return number


def _moment(parameters: Mapping[str, str], name: str, now_us: int) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return read_moment(text, now_us).first
    except ValueError as error:
        raise Refusal(400, "bad-query", f"{name}: {error}", pointer=f"?{name}") from None
