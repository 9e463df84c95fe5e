"""Laws of the index that hold for whatever is recorded and whatever is asked: it finds what the evaluator lets pass."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record
from indelible.index import IndexSettings, LogIndex
from indelible.query.evaluate import compile_query
from tests.properties.queries import queries, records
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from indelible.query.ast import Query

SMALL = IndexSettings(segment_entries=4, threads=1)
"""Segments of four entries: a few records make segments and a hot tail."""


def evaluate(query: Query, log: ListedLog) -> list[int]:
    """What a plain look at every record finds."""
    passes = compile_query(query)
    return [index for index, entry in enumerate(log.all) if passes(decode_record(entry), index)]


@settings(max_examples=12)
@given(st.lists(records, min_size=1, max_size=12), st.lists(queries, min_size=8, max_size=16), st.integers(0, 12))
def test_search_finds_what_the_evaluator_lets_pass(
    recorded: list[dict[str, Any]], asked: list[Query], published: int
) -> None:
    """Over segments and the hot tail, for any query: the same entries, and the same counts."""
    log = ListedLog(map(canonical_json, recorded))
    log.publish(min(published, len(recorded)))
    with tempfile.TemporaryDirectory() as folder, LogIndex.open(Path(folder), log, settings=SMALL) as index:
        index.catch_up()
        for query in asked:
            expected = evaluate(query, log)
            assert index.search(query, order="asc").indices == expected, query
            outcomes = Counter(recorded[place]["outcome"] for place in expected)
            counted = index.histogram(query, buckets=3).buckets
            assert sum((Counter(bucket.counts) for bucket in counted), Counter()) == outcomes, query
