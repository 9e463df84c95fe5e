"""A query becomes a condition of SQL over the columns of the index: text of ours, and values as parameters.

The condition holds for exactly the rows whose records the naive evaluator (:mod:`indelible.query.evaluate`) lets pass.
What SQL does not know is ``NULL``, which counts as no wherever it comes up: every condition is built so that only *and*
and *or* join what may be ``NULL``, and ``NOT`` asks whether the rest is true.

Free text is not looked for here. Whoever compiles says what stands for it: a set of indices that has been found.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from indelible.errors import UsageError
from indelible.index.addresses import network_keys
from indelible.index.fragment import FALSE, TRUE, Fragment, conjunction, disjunction
from indelible.index.json_tests import json_condition
from indelible.index.places import CONTEXT_NUMBERS, JSON_COLUMNS, LIST_FIELDS, SCALAR_FIELDS, context_expression
from indelible.index.text_tests import like, text_condition
from indelible.query.ast import And, Everything, FreeText, Kind, Match, Network, Not, Or, Pattern, Present, Range, Value
from indelible.query.values import JSON_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.query.ast import Field, Query, Test

__all__ = ["LAST_INDEX", "LAST_MOMENT", "compile_query", "time_condition", "whole_bounds"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - columns hold UTC without saying so
LAST_MOMENT = 253_402_300_799_999_999
"""The last microsecond of the year 9999: no record is later."""
LAST_INDEX = 2**63 - 1


def compile_query(query: Query, free_text: Callable[[FreeText], Fragment]) -> Fragment:
    """The condition that a query means, with ``free_text`` for its free texts."""
    match query:
        case Everything():
            return TRUE
        case And():
            return conjunction([compile_query(part, free_text) for part in query.parts])
        case Or():
            return disjunction([compile_query(part, free_text) for part in query.parts])
        case Not():
            return _negation(compile_query(query.part, free_text))
        case FreeText():
            return free_text(query)
        case Match():
            return _match(query.field, query.test)
        case _:
            assert_never(query)


def time_condition(since_us: int | None, until_us: int | None) -> Fragment:
    """The condition that an entry occurred in ``[since_us, until_us)``, in microseconds since 1970."""
    if since_us is None and until_us is None:
        return TRUE
    return _within("occurred_at", Kind.TIME, Range(since_us, until_us, high_open=until_us is not None))


def _moment(microseconds: int) -> datetime:
    """A time in the form that columns compare with, in microseconds since 1970, within the years 1970 to 9999."""
    return _EPOCH + timedelta(microseconds=microseconds)


def whole_bounds(bounds: Range, last: int) -> tuple[int, int]:
    """The first and the last whole number of ``[0, last]`` within a range; the first is larger when there is none."""
    low, high = 0, last
    if bounds.low is not None:
        low = max(low, math.floor(bounds.low) + 1 if bounds.low_open else math.ceil(bounds.low))
    if bounds.high is not None:
        high = min(high, math.ceil(bounds.high) - 1 if bounds.high_open else math.floor(bounds.high))
    return low, high


def _negation(part: Fragment) -> Fragment:
    if part in {TRUE, FALSE}:
        return FALSE if part == TRUE else TRUE
    return Fragment(f"({part.sql} IS NOT TRUE)", part.values)


def _match(field: Field, test: Test) -> Fragment:
    if field.kind is Kind.JSON:
        return _json_match(field, test)
    if field.kind is Kind.ENTITY:
        return _entity(field, test)
    if field.name in LIST_FIELDS:
        return _any_item(LIST_FIELDS[field.name], test)
    column = SCALAR_FIELDS[field.name]
    match test:
        case Present():
            return Fragment(f"({column} IS NOT NULL)")
        case Network():
            return Fragment("(ip_key BETWEEN ? AND ?)", network_keys(test.network))
        case Value(value=int() as value):
            return _within(column, field.kind, Range(value, value))
        case Range():
            return _within(column, field.kind, test)
        case _:
            return text_condition(column, test)


def _within(column: str, kind: Kind, bounds: Range) -> Fragment:
    """A whole number or a time within bounds."""
    last = LAST_MOMENT if kind is Kind.TIME else LAST_INDEX
    low, high = whole_bounds(bounds, last)
    if low > high:
        return FALSE
    values = (_moment(low), _moment(high)) if kind is Kind.TIME else (low, high)
    return Fragment(f"({column} BETWEEN ? AND ?)", values)


def _any_item(column: str, test: Test) -> Fragment:
    """Any item of a list of texts passes a test."""
    if isinstance(test, Present):
        return Fragment(f"(len({column}) > 0)")
    if isinstance(test, Value):
        return Fragment(f"list_contains({column}, ?)", (test.value,))
    inner = text_condition("item", test)
    return Fragment(f"(len(list_filter({column}, lambda item: {inner.sql})) > 0)", inner.values)


def _entity(field: Field, test: Test) -> Fragment:
    """An actor or a target: its id, or its type and id with a colon between them."""
    of_actor = field.name == "actor"
    match test:
        case Present():
            return Fragment("(actor_id IS NOT NULL)" if of_actor else "(len(target_ids) > 0)")
        case Value(value=str() as text):
            return _actor(text) if of_actor else _target(text)
        case Pattern():
            kind, name = ("actor_type", "actor_id") if of_actor else ("item.type", "item.id")
            form = disjunction([like(name, test), like(f"({kind} || ':' || {name})", test)])
            return form if of_actor else _any_target(form)
        case _:
            raise UsageError(f"{field.name} is compared with texts only")


def _actor(text: str) -> Fragment:
    # A type holds no colon, so there is one way to part it from the id. The first condition alone lets the database
    # skip the segments that hold neither id.
    kind, colon, name = text.partition(":")
    if not colon:
        return Fragment("(actor_id = ?)", (text,))
    return Fragment(
        "(actor_id IN (?, ?) AND (actor_id = ? OR (actor_id = ? AND actor_type = ?)))", (text, name, text, name, kind)
    )


def _target(text: str) -> Fragment:
    kind, colon, name = text.partition(":")
    by_id = Fragment("list_contains(target_ids, ?)", (text,))
    if not colon:
        return by_id
    either = disjunction([by_id, Fragment("list_contains(target_ids, ?)", (name,))])  # skips segments, as above
    exact = _any_target(Fragment("(item.type = ? AND item.id = ?)", (kind, name)))
    return conjunction([either, disjunction([by_id, exact])])


def _any_target(inner: Fragment) -> Fragment:
    return Fragment(f"(len(list_filter(targets, lambda item: {inner.sql})) > 0)", inner.values)


def _json_match(field: Field, test: Test) -> Fragment:
    if field.name in JSON_COLUMNS:
        return json_condition(JSON_COLUMNS[field.name], field.path, test)
    expression = context_expression(field)
    if expression is None:
        return FALSE
    if isinstance(test, Present):
        return Fragment(f"({expression} IS NOT NULL)")
    if expression == "context_http":  # an object is no value
        return FALSE
    if expression in CONTEXT_NUMBERS:
        return _context_number(expression, test)
    return FALSE if isinstance(test, Range) else text_condition(expression, test)


def _context_number(expression: str, test: Test) -> Fragment:
    match test:
        case Value(value=str() as text) if JSON_NUMBER.fullmatch(text):
            return Fragment(f"({expression} = ?)", (float(text),))
        case Range():
            low, high = whole_bounds(test, LAST_INDEX)
            return Fragment(f"({expression} BETWEEN ? AND ?)", (low, high))
        case _:
            return FALSE
