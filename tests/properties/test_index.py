"""Laws of the index that hold for whatever is recorded and whatever is asked: it finds what the evaluator lets pass."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record
from indelible.index import IndexSettings, LogIndex
from indelible.index.grams import GramRows
from indelible.query.ast import FreeText, Match, Range, Value
from indelible.query.evaluate import compile_query
from indelible.query.fields import FIELDS
from indelible.query.formula import any_of, negation
from indelible.query.free_text import TextMatcher, strings_of
from tests.properties.queries import queries, records, texts
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from indelible.query.ast import Query

SMALL = IndexSettings(segment_entries=4, threads=1)
"""Segments of four entries: a few records make segments and a hot tail."""


def evaluate(query: Query, log: ListedLog) -> list[int]:
    """What a plain look at every record finds."""
    passes = compile_query(query)
    return [index for index, entry in enumerate(log.all) if passes(decode_record(entry), index)]


def _longest_text(record: dict[str, Any]) -> FreeText:
    """A text long enough to be ruled out where it is not: in other capitals than it is recorded in."""
    return FreeText(max(strings_of(record), key=len).swapcase())


def _either(bound: int, count: int) -> Query:
    """What lies on one side of an index, and every second of ``count`` entries: of some segments nothing else."""
    field = FIELDS["index"].field
    return any_of([Match(field, Range(None, bound)), *(Match(field, Value(index)) for index in range(1, count, 2))])


@settings(max_examples=12)
@given(st.lists(records, min_size=1, max_size=12), st.lists(queries, min_size=8, max_size=16), st.integers(0, 12))
def test_search_finds_what_the_evaluator_lets_pass(
    recorded: list[dict[str, Any]], asked: list[Query], published: int
) -> None:
    """Over segments, their text filters and the hot tail, for any query: the same entries, and the same counts.

    So do the columns that are taken into memory for the next questions, of all segments and of some.
    """
    log = ListedLog(map(canonical_json, recorded))
    log.publish(min(published, len(recorded)))
    with tempfile.TemporaryDirectory() as folder, LogIndex.open(Path(folder), log, settings=SMALL) as index:
        index.catch_up()
        index.build_text_filters()
        derived = [*map(_longest_text, recorded), _either(published, len(recorded)), _either(2, 12)]
        questions = [*asked, *derived, *map(negation, derived)]
        check(index, recorded, log, questions)
        index.hold_columns()
        check(index, recorded, log, questions)
        log.append(*map(canonical_json, recorded))
        log.publish(len(log.all))
        index.catch_up()
        check(index, recorded * 2, log, questions)


def check(index: LogIndex, recorded: list[dict[str, Any]], log: ListedLog, asked: list[Query]) -> None:
    for query in asked:
        expected = evaluate(query, log)
        assert index.search(query, order="asc").indices == expected, query
        assert index.search(query, limit=3).indices == expected[::-1][:3], query
        outcomes = Counter(recorded[place]["outcome"] for place in expected)
        counted = index.histogram(query, buckets=3).buckets
        assert sum((Counter(bucket.counts) for bucket in counted), Counter()) == outcomes, query
        facets = index.facets(query, FIELDS["outcome"].field)
        assert (dict(facets.values), facets.distinct) == (outcomes, len(outcomes)), query


@given(records, texts.filter(bool))
def test_text_filters_never_rule_out_an_entry_that_holds_the_text(record: dict[str, Any], text: str) -> None:
    """Escaped, in other capitals or in any script: the entry has every gram that is asked for."""
    entry = canonical_json(record)
    matcher = TextMatcher(text)
    for written in {text, text.upper(), text.title(), text.lower()} - {""}:
        holding = canonical_json({**record, "message": f"\n{written}\n"})
        if matcher.in_entry(holding):
            assert grams_of(matcher.anchor) <= grams_of(holding)
    assert not matcher.in_entry(entry) or grams_of(matcher.anchor) <= grams_of(entry)


def grams_of(data: bytes) -> set[int]:
    return set(np.concatenate(GramRows(1 << 15).of(data)).tolist())
