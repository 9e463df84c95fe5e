"""Queries as SQL: words of ours, values as parameters. That the meaning is right, tests/properties holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from indelible.index.columns import COLUMNS
from indelible.index.compiler import compile_query, whole_bounds
from indelible.index.fragment import FALSE, TRUE, Fragment
from indelible.index.free_text import without_texts
from indelible.query.ast import Not, Range
from tests.properties.queries import queries
from tests.unit.index.conftest import query

if TYPE_CHECKING:
    from indelible.query.ast import Query

_SQL = """AND OR NOT IS NULL TRUE FALSE BETWEEN IN LIKE ESCAPE CASE WHEN THEN ELSE END AS DOUBLE VARCHAR ARRAY UBIGINT
BIGINT BOOLEAN TRY_CAST lambda item type id method path status starts_with suffix contains len list_contains list_filter
list_transform json_type json_extract json_extract_string"""
WORDS = {"index", "ip_key", *(column.name for column in COLUMNS), *_SQL.split()}


@given(queries)
def test_compile_brings_no_word_of_the_query_into_sql(asked: Query) -> None:
    """Whatever is asked: every word of the text is one of ours, and there is a value for each question mark."""
    condition = compile_query(asked, lambda _: Fragment("(index IN (?))", (0,)))
    assert set(re.findall(r"[A-Za-z_]+", condition.sql)) <= WORDS
    assert condition.sql.count("?") == len(condition.values)


HOSTILE = "x') OR 1=1; DROP TABLE rows_0; --"


@pytest.mark.parametrize(
    "field", ["actor", "target", "tag", "action", "metadata.x", 'metadata."x\' OR"', "context.http.path"]
)
def test_compile_leaves_hostile_text_a_value(field: str) -> None:
    """A quote is a character like any other."""
    condition = compile_query(query(f'{field}:"{HOSTILE}"'), lambda _: TRUE)
    assert "DROP" not in condition.sql
    assert HOSTILE in condition.values


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("", "TRUE"),
        ('"x"', "TRUE"),
        ('-"x"', "TRUE"),
        ('outcome:denied "x"', "(outcome = ?)"),
        ('outcome:denied -"x"', "(outcome = ?)"),
        ('outcome:denied OR "x"', "TRUE"),
        ('-(outcome:denied "x")', "TRUE"),
        ('-(outcome:denied OR "x")', "((outcome = ?) IS NOT TRUE)"),
        ('outcome:denied -(tag:a OR "x" tag:b)', "((outcome = ?) AND (list_contains(tags, ?) IS NOT TRUE))"),
    ],
)
def test_query_without_texts_holds_wherever_the_query_may(text: str, sql: str) -> None:
    """Free text is taken for yes where that lets more through, for no where a negation turns it around."""
    assert compile_query(without_texts(query(text)), lambda _: FALSE).sql == sql


@pytest.mark.parametrize("text", [f"index:>{2**63 - 1}", "context.nothing:1", "context.http:1", "context.ip:>5"])
def test_compile_turns_what_never_holds_into_false(text: str) -> None:
    """Bounds that no number is within, and fields that no record has, cost no reading."""
    assert compile_query(query(text), lambda _: TRUE) == FALSE
    assert compile_query(Not(query(text)), lambda _: TRUE) == TRUE


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (Range(), (0, 9)),
        (Range(2, 4), (2, 4)),
        (Range(2, 4, low_open=True, high_open=True), (3, 3)),
        (Range(1.5, 3.5), (2, 3)),
        (Range(1.5, 3.5, low_open=True, high_open=True), (2, 3)),
        (Range(-5, 100), (0, 9)),
        (Range(4, 4, high_open=True), (4, 3)),
    ],
)
def test_whole_bounds_are_the_numbers_within(bounds: Range, expected: tuple[int, int]) -> None:
    """Open bounds, halves, and what lies beyond what there is."""
    assert whole_bounds(bounds, 9) == expected
