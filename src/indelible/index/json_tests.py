"""Tests of what stands at a path within free JSON, in SQL.

What stands there is one value, or an array of which any element may pass. Texts and numbers are told apart by their
type in JSON; numbers are compared as IEEE 754 doubles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import UsageError
from indelible.events.canonical import canonical_json
from indelible.index.fragment import FALSE, Fragment, conjunction, disjunction
from indelible.index.text_tests import like
from indelible.query.ast import Pattern, Present, Range, Value
from indelible.query.values import JSON_NUMBER

if TYPE_CHECKING:
    from indelible.query.ast import Test

__all__ = ["json_condition", "json_value"]

_LITERALS = {"true": "BOOLEAN", "false": "BOOLEAN", "null": "NULL"}
_IS_NUMBER = "(json_type(item) IN ('UBIGINT', 'BIGINT', 'DOUBLE'))"
_NUMBER = "TRY_CAST(json_extract_string(item, '$') AS DOUBLE)"
_TEXT = "json_extract_string(item, '$')"


def json_condition(column: str, path: tuple[str, ...], test: Test) -> Fragment:
    """The condition that a value at ``path`` within the JSON text ``column`` passes a test."""
    likely = _holds_names(column, path)
    value = json_value(column, path)
    if isinstance(test, Present):
        return conjunction([likely, Fragment(f"({value.sql} IS NOT NULL)", value.values)])
    inner = _item(test)
    if inner == FALSE:
        return FALSE
    # A lambda holds the value, so that it is taken out of its text once.
    found = Fragment(
        f"list_transform([{value.sql}], lambda item: CASE json_type(item) WHEN 'ARRAY'"
        f" THEN len(list_filter(json_extract(item, '$[*]'), lambda item: {inner.sql})) > 0 ELSE {inner.sql} END)[1]",
        value.values + inner.values + inner.values,
    )
    return conjunction([likely, found])


def _holds_names(column: str, path: tuple[str, ...]) -> Fragment:
    """A cheap condition without which the path leads nowhere: the name of its last member stands in the text."""
    name = canonical_json(path[-1]).decode()
    # Only where there is one way to write it, since the database writes JSON anew when it takes it out of a record.
    if "\\" in name:
        return Fragment(f"({column} IS NOT NULL)")
    return Fragment(f"contains({column}, ?)", (name,))


def json_value(column: str, path: tuple[str, ...]) -> Fragment:
    """The value at the end of a path of members: never an element of an array, whatever the names look like."""
    sql = column
    values: tuple[str, ...] = ()
    steps = ""
    for name in path:
        if name:
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            steps += f'."{escaped}"'
        else:  # a JSON path cannot say the empty name, a JSON pointer can
            if steps:
                sql, values, steps = f"json_extract({sql}, ?)", (*values, f"${steps}"), ""
            sql = f"json_extract({sql}, '/')"
    if steps:
        sql, values = f"json_extract({sql}, ?)", (*values, f"${steps}")
    return Fragment(sql, values)


def _item(test: Test) -> Fragment:
    """The condition that ``item``, which is JSON, passes a test."""
    match test:
        case Value(value=str() as text):
            return _equals(text)
        case Pattern():
            form = like(_TEXT, test)
            return Fragment(f"(json_type(item) = 'VARCHAR' AND {form.sql})", form.values)
        case Range():
            return _within(test)
        case _:
            raise UsageError("free JSON is compared with texts, numbers, patterns and ranges only")


def _equals(text: str) -> Fragment:
    either = [Fragment(f"(json_type(item) = 'VARCHAR' AND {_TEXT} = ?)", (text,))]
    if text in _LITERALS:
        either.append(Fragment("(json_type(item) = ? AND item::VARCHAR = ?)", (_LITERALS[text], text)))
    elif JSON_NUMBER.fullmatch(text):
        either.append(Fragment(f"({_IS_NUMBER} AND {_NUMBER} = ?)", (float(text),)))
    return disjunction(either)


def _within(bounds: Range) -> Fragment:
    conditions = [Fragment(_IS_NUMBER)]
    if bounds.low is not None:
        conditions.append(Fragment(f"({_NUMBER} {'>' if bounds.low_open else '>='} ?)", (float(bounds.low),)))
    if bounds.high is not None:
        conditions.append(Fragment(f"({_NUMBER} {'<' if bounds.high_open else '<='} ?)", (float(bounds.high),)))
    return conjunction(conditions)
