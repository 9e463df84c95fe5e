"""The page of the query language: its tables are the language's own, and every query on it does what it says."""

from __future__ import annotations

import re

import pytest

from indelible.errors import QueryError
from indelible.query.fields import FIELDS, JSON_ROOTS
from indelible.query.parser import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse_query
from indelible.query.printer import print_query
from tests.docs.session import REPOSITORY

NOW_US = 1_793_536_245_000_000
PAGE = (REPOSITORY / "docs" / "reference" / "query-language.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The rows of the tables under those column headings, with the code of their first cell bare."""
    found = []
    for table in re.findall(rf"^\| {heading} \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        found += [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
    return [[first.strip("`"), *rest] for first, *rest in found]


EXAMPLES = [first for first, *_ in rows("write")] + re.findall(r"```text\n(actor:.+)\n```", PAGE)


def test_page_lists_the_fields() -> None:
    """Every field with its kind and summary, in the order of the table in the code; every root is named."""
    listed = rows("field")
    assert listed == [[name, place.field.kind, place.summary] for name, place in FIELDS.items()]
    assert all(f"`{root}.…`" in PAGE for root in JSON_ROOTS)


@pytest.mark.parametrize("text", EXAMPLES)
def test_page_shows_queries_that_can_be_asked(text: str) -> None:
    """Each example parses, and none is just a text where it was meant to be more."""
    assert parse_query(text, now_us=NOW_US) != parse_query("", now_us=NOW_US)


def test_page_shows_enough_queries() -> None:
    """Every field and every sign of the language occurs in some example."""
    shown = " ".join(EXAMPLES)
    assert len(EXAMPLES) > 40
    assert all(sign in shown for sign in ("*", '"', "..", "..<", ">=", ">", "-(", " OR ", "since:", "until:", "today"))


@pytest.mark.parametrize(("text", "error"), rows("query"))
def test_page_shows_errors_as_they_are(text: str, error: str) -> None:
    """Each refused query on the page gives just the error that stands beside it."""
    with pytest.raises(QueryError) as caught:
        parse_query(text, now_us=NOW_US)
    assert str(caught.value) == error


def test_page_states_equivalents_and_limits() -> None:
    """What the prose says: words for signs, the limits."""
    assert f"{MAX_LENGTH:,} characters and {MAX_TERMS} terms" in PAGE
    assert f"at most {MAX_DEPTH} deep" in PAGE
    for one, other in [("a AND b", "a b"), ("NOT a", "-a"), ("", "*"), ("since:24h", "occurred:24h")]:
        assert print_query(parse_query(one, now_us=NOW_US)) == print_query(parse_query(other, now_us=NOW_US))
