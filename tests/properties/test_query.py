"""Laws of the query language that hold for whatever anyone asks of whatever is recorded."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from indelible.errors import QueryError
from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record
from indelible.formats import entry_bundle
from indelible.query.ast import And, Everything, FreeText, Not, Or, Query
from indelible.query.evaluate import compile_query, matches
from indelible.query.formula import both
from indelible.query.free_text import TextMatcher
from indelible.query.parser import MAX_CANONICAL_LENGTH, parse_query
from indelible.query.printer import print_query
from tests.properties.queries import NOW_US, indices, names, queries, records

_FIELDS = 'actor: metadata. ."ab": index: occurred: received: since: until: ip: outcome: tag:'
_SIGNS = 'OR AND NOT - ( ) " \\ * .. <..< > <= : .'
_VALUES = "5 7d today 2026-11-01 T10:30 Z +02:00 10.0.0.0/8 ::1 ada é \ud800 \0"
fragments = st.sampled_from([" ", " ", "\n", *_FIELDS.split(), *_SIGNS.split(), *_VALUES.split(" ")])
written = st.lists(fragments, max_size=14).map("".join) | st.text(max_size=30)


def read(text: str) -> Query | None:
    try:
        return parse_query(text, now_us=NOW_US)
    except QueryError as refused:
        error = refused
    assert 1 <= error.column <= len(text) + 1
    return None


@given(written)
@example("-" * 4096)
@example("(" * 4096)
@example("(" * 2000 + "a" + ")" * 2000)
@example("NOT " * 1024)
@example("a " * 2048)
@example('metadata."' + ".a" * 2000)
@example('"\\' * 2000)
@example("a" + "." * 4000 + ":")
def test_parse_takes_any_text_or_says_where_it_is_wrong(text: str) -> None:
    """Nothing but a query or a QueryError comes of it; and what comes of it prints as itself, whenever it is read."""
    query = read(text)
    if query is not None:
        assert parse_query(print_query(query), now_us=0, max_length=MAX_CANONICAL_LENGTH) == query


@given(queries)
def test_print_gives_what_parses_as_the_same_tree(query: Query) -> None:
    """Every tree has a text, and the text means that tree."""
    text = print_query(query)
    assert parse_query(text, now_us=0) == query
    assert print_query(parse_query(text, now_us=0)) == text


@given(queries, queries, records, indices)
def test_formulas_mean_what_logic_says(first: Query, second: Query, record: dict[str, Any], index: int) -> None:
    """AND, OR, NOT and ``both`` over any two queries, from the truth of each."""
    one, other = matches(first, record, index), matches(second, record, index)
    assert compile_query(And((first, second)))(record, index) == (one and other)
    assert compile_query(Or((first, second)))(record, index) == (one or other)
    assert compile_query(Not(first))(record, index) == (not one)
    assert compile_query(both(first, second))(record, index) == (one and other)
    assert compile_query(Everything())(record, index)


@given(records, st.data())
def test_free_text_is_found_in_bytes_as_in_values(record: dict[str, Any], data: st.DataObject) -> None:
    """An entry's bytes give the answer that the decoded record gives; bytes around it never make it a no."""
    strings = sorted({text for text in _strings(record) if text})
    cuts = st.sampled_from(strings).flatmap(
        lambda text: st.tuples(st.integers(0, len(text) - 1), st.integers(1, 8)).map(
            lambda cut: text[cut[0] : sum(cut)]
        )
    )
    text = data.draw(names | cuts | cuts.map(str.upper) | cuts.map(str.lower) | cuts.map(str.swapcase))
    matcher = TextMatcher(text)
    entry = canonical_json(record)
    found = matcher.in_record(decode_record(entry))
    assert found == matches(FreeText(text), record, 0) == _contains(record, text)
    assert matcher.in_entry(entry) == found
    other = data.draw(st.sampled_from([b'{"a":"\xc3\xa9"}', b"{}", b'{"' + b"x" * 0xC3A1 + b'":1}']))
    for bundle in ([entry], [entry, other], [other, entry, other]):
        assert matcher.prefilter(entry_bundle.encode(bundle)) or not any(map(matcher.in_entry, bundle))


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in (name, *_strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def _contains(record: dict[str, Any], text: str) -> bool:
    """The definition of free text, once more and apart."""
    fold = _ascii_lower if text.isascii() else str.lower
    return any(fold(text) in fold(string) for string in _strings(record))


def _ascii_lower(text: str) -> str:
    return "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)
