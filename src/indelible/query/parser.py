"""From the text of a query to its tree; INTERFACES, "Query language".

The grammar finds the shape; here it is given meaning: fields are looked up, values read for their kind, times made
absolute. What cannot be read is a :class:`~indelible.errors.QueryError` with the column, never anything else, whatever
the text: its length, its depth and the number of its terms are bounded before they could cost anything.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from indelible.errors import QueryError
from indelible.query.ast import Everything, FreeText, Kind, Match, Range
from indelible.query.fields import FIELDS, JSON_ROOTS, SUGAR, find_field
from indelible.query.formula import all_of, any_of, negation
from indelible.query.grammar import query_parser
from indelible.query.quoting import split_path
from indelible.query.syntax_errors import explain_syntax
from indelible.query.values import Comparison, Span, Text, column_of, did_you_mean, join_pieces, read_test, read_time

if TYPE_CHECKING:
    from indelible.query.ast import Query
    from indelible.query.values import Written

__all__ = ["MAX_CANONICAL_LENGTH", "MAX_DEPTH", "MAX_LENGTH", "MAX_TERMS", "parse_query"]

MAX_LENGTH: Final = 4096
"""Characters of a query that somebody writes."""
MAX_CANONICAL_LENGTH: Final = 32_768
"""Characters that :func:`~indelible.query.printer.print_query` needs at most for what fits into ``MAX_LENGTH``."""
MAX_DEPTH: Final = 32
"""Parentheses and negations within each other."""
MAX_TERMS: Final = 256
"""Matches and free texts."""

_LONGEST_REMEMBERED: Final = 256
"""Characters of a query that is remembered: the worst ones take some ten megabytes together."""
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


def parse_query(text: str, *, now_us: int, max_length: int = MAX_LENGTH) -> Query:
    """The tree of a query.

    Args:
        text: What was written; nothing, or only white space, matches everything.
        now_us: What relative times are seen from, in microseconds since 1970.
        max_length: Characters; for what :func:`~indelible.query.printer.print_query` wrote, ``MAX_CANONICAL_LENGTH``.

    Raises:
        QueryError: it cannot be read; says the column, what was expected there, and often what was meant.
    """
    if len(text) > max_length:
        raise QueryError(f"the query has {len(text)} characters, {max_length} are allowed", column=max_length + 1)
    if unreadable := _UNREADABLE.search(text):
        raise QueryError("no record holds U+0000 or half of a surrogate pair", column=unreadable.start() + 1)
    text = text.rstrip()
    parsed = (_parse if len(text) > _LONGEST_REMEMBERED else _parse_again)(text)
    return _Meaning(now_us).of(parsed, 0) if isinstance(parsed, Tree) else parsed


def _parse(text: str) -> Query | Tree[Token]:
    """What a text means; or what the grammar found in it, where that depends on when it is asked."""
    try:
        tree = query_parser().parse(text)
    except UnexpectedInput as error:
        raise explain_syntax(text, error) from None
    try:
        return _Meaning(None).of(tree, 0)
    except _TellsTimeError:
        return tree


_parse_again = lru_cache(256)(_parse)  # a page, its histogram, its facets and the next page are asked in the same words


class _TellsTimeError(Exception):
    """What a query means depends on when it is asked."""


class _Meaning:
    """Gives meaning to what the grammar found, for one query; without a time, if it needs none."""

    def __init__(self, now_us: int | None) -> None:
        self._now_us = now_us
        self._terms = 0

    def of(self, tree: Tree[Token], depth: int) -> Query:
        """The formula that a tree means; ``depth`` is how many parentheses and negations are around it."""
        inner = tree.children
        match tree.data:
            case "everything":
                return Everything()
            case "either":
                return any_of([self.of(part, depth) for part in _trees(tree)])
            case "both":
                parts = [self.of(part, depth) for part in _trees(tree)]
                _check_span(_trees(tree), parts)
                return all_of(parts)
            case "group" | "negated":
                _check_depth(_token(inner[0]), depth)
                part = self.of(_trees(tree)[0], depth + 1)
                return part if tree.data == "group" else negation(part)
            case "match":
                key = _token(inner[0])
                self._count(key)
                return self._match(key, _written(_trees(tree)[0]))
            case _:
                self._count(_token(inner[0]))
                return _free_text([_token(piece) for piece in inner])

    def _count(self, token: Token) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise QueryError(f"a query may have {MAX_TERMS} terms, and this is one more", column=column_of(token))

    def _match(self, key: Token, written: Written) -> Match:
        if key[:-1] in SUGAR:
            return self._bounded(key, written)
        parts = split_path(key[:-1], column_of(key))
        field = find_field(parts)
        if field is None:
            raise _unknown_field(key, parts)
        return Match(field, read_test(field, written, self._now() if field.kind is Kind.TIME else 0))

    def _now(self) -> int:
        if self._now_us is None:
            raise _TellsTimeError
        return self._now_us

    def _bounded(self, key: Token, written: Written) -> Match:
        if not isinstance(written, Text):
            raise QueryError(f"{key[:-1]} takes one time; for a range: occurred:7d..24h", column=written.column)
        moment = read_time(written, self._now())
        bound = Range(low=moment.first) if key == "since:" else Range(high=moment.first, high_open=True)
        return Match(FIELDS["occurred"].field, bound)


def _check_span(trees: list[Tree[Token]], parts: list[Query]) -> None:
    """Refuse terms side by side of which one ends the time before another one begins it."""
    low, high = None, None
    for tree, part in zip(trees, parts, strict=True):
        key = _token(tree.children[0]) if tree.data == "match" else None
        if key is None or key[:-1] not in SUGAR or not isinstance(part, Match) or not isinstance(part.test, Range):
            continue
        low = max((bound for bound in (low, part.test.low) if bound is not None), default=None)
        high = min((bound for bound in (high, part.test.high) if bound is not None), default=None)
        if low is not None and high is not None and high < low:
            raise QueryError("until: lies before since:, and nothing can be between them", column=column_of(key))


def _free_text(pieces: list[Token]) -> Query:
    column = column_of(pieces[0])
    if len(pieces) == 1 and pieces[0].type == "WORD" and pieces[0].upper() in {"AND", "OR", "NOT"}:
        what = "stands between two terms" if pieces[0].upper() != "NOT" else "stands before a term"
        raise QueryError(f"{pieces[0].upper()}, in upper case, {what}; quote the word to search for it", column=column)
    text = join_pieces(pieces)
    if text.parts == ("", ""):
        return Everything()
    if len(text.parts) > 1:
        raise QueryError(
            "free text is found anywhere within a string, without *; quote a * to search for it", column=column
        )
    if not text.parts[0]:
        raise QueryError("this text is empty; everything is *", column=column)
    return FreeText(text.parts[0])


def _written(tree: Tree[Token]) -> Written:
    inner = tree.children
    if tree.data == "pieces":
        return join_pieces([_token(piece) for piece in inner])
    bounds = [join_pieces([_token(piece) for piece in bound.children]) for bound in _trees(tree)]
    if tree.data == "comparison":
        sign = _token(inner[0])
        return Comparison(str(sign), bounds[0], column_of(sign))
    ((place, dots),) = [(place, one) for place, one in enumerate(inner) if isinstance(one, Token)]
    low = bounds[0] if place else None
    return Span(low, bounds[-1] if len(inner) > place + 1 else None, str(dots), low.column if low else column_of(dots))


def _check_depth(token: Token, depth: int) -> None:
    if depth >= MAX_DEPTH:
        what = f"parentheses and negations may stand {MAX_DEPTH} deep within each other, and this is one deeper"
        raise QueryError(what, column=column_of(token))


def _unknown_field(key: Token, parts: list[str]) -> QueryError:
    name = key[:-1]
    if name in JSON_ROOTS:
        return QueryError(f"{name} is an object; name a member of it: {name}.amount:", column=column_of(key))
    known = [*FIELDS, *SUGAR, *JSON_ROOTS]
    meant = did_you_mean(name, known)
    if not meant and len(parts) > 1:
        meant = did_you_mean(parts[0], list(JSON_ROOTS))
    hint = f"{meant} Text" if meant else "; text"
    return QueryError(f"unknown field {name!r}{hint} that holds a colon needs quotes", column=column_of(key))


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _token(node: Tree[Token] | Token) -> Token:
    """A node where the grammar has a token."""
    return cast("Token", node)
