"""Histograms, facets and completion, compared with a plain count."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import UsageError
from indelible.index import IndexSettings
from indelible.query.ast import Field, Kind
from indelible.query.fields import FIELDS
from tests.unit.index.conftest import SECOND, START_US, encode, make_record, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.index import LogIndex


def test_histogram_counts_by_time_and_outcome(shared_index: LogIndex) -> None:
    """Buckets of equal width without gaps from ``since`` to ``until``, empty ones too."""
    since, until = START_US - 100 * SECOND, START_US + 500 * SECOND
    buckets = shared_index.histogram(query(""), since_us=since, until_us=until, buckets=6).buckets
    edges = [since + place * 100 * SECOND for place in range(7)]
    assert [(bucket.since_us, bucket.until_us) for bucket in buckets] == list(pairwise(edges))
    assert [bucket.counts for bucket in buckets] == [{}, *[{"denied": 20, "success": 80}] * 5]


@pytest.mark.parametrize("text", ["", "actor:ada", '"cleo"'])
def test_histogram_without_bounds_spans_what_matches(shared_index: LogIndex, text: str) -> None:
    """From the first match to the last."""
    found = shared_index.search(query(text), order="asc", limit=10_000).indices
    buckets = shared_index.histogram(query(text), buckets=4).buckets
    assert len(buckets) == 4
    assert buckets[0].since_us == START_US + found[0] * SECOND
    assert buckets[-1].until_us == START_US + found[-1] * SECOND + 1
    assert sum(sum(bucket.counts.values()) for bucket in buckets) == len(found)


def test_histogram_of_nothing(shared_index: LogIndex) -> None:
    """No match, no bounds: no buckets. With bounds: empty ones."""
    assert shared_index.histogram(query("actor:nobody")).buckets == []
    counted = shared_index.histogram(query("actor:nobody"), since_us=0, until_us=10, buckets=3).buckets
    assert [(bucket.since_us, bucket.until_us, bucket.counts) for bucket in counted] == [
        (0, 4, {}),
        (4, 8, {}),
        (8, 10, {}),
    ]
    assert shared_index.histogram(query(""), since_us=10, until_us=10).buckets == []


@pytest.mark.parametrize("buckets", [0, 10_001])
def test_histogram_refuses_buckets_out_of_range(shared_index: LogIndex, buckets: int) -> None:
    """At least one, and not more than anyone can look at."""
    with pytest.raises(UsageError, match="1 to 10000 buckets"):
        shared_index.histogram(query(""), buckets=buckets)


@pytest.mark.parametrize(
    ("name", "value_of"),
    [
        ("action", lambda record: [record["action"]]),
        ("actor", lambda record: [f"user:{record['actor']['id']}"]),
        ("target", lambda record: [f"invoice:{record['targets'][0]['id']}"]),
        ("target.type", lambda _: ["invoice"]),
        ("ip", lambda record: [record["context"]["ip"]]),
        ("tenant", lambda _: []),
    ],
)
@pytest.mark.parametrize("text", ["", '"cleo" outcome:denied'])
def test_facets_count_entries_by_value(shared_index: LogIndex, name: str, value_of: Any, text: str) -> None:
    """The most frequent first, then by value; and how many different values there are."""
    found = shared_index.search(query(text), limit=10_000).indices
    counts = Counter(value for at in found for value in value_of(make_record(at)))
    facets = shared_index.facets(query(text), FIELDS[name].field, limit=2)
    assert facets.values == sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:2]
    assert facets.distinct == len(counts)


def test_facets_count_an_entry_once_for_each_value(open_index: Callable[..., LogIndex]) -> None:
    """Lists within records and within free JSON: each value once an entry; objects and absence are no values."""
    twice = {"type": "invoice", "id": "9"}
    log = ListedLog(
        encode(make_record(place, targets=[twice, twice], tags=tags, metadata={"deep": {"x": value}}))
        for place, (tags, value) in enumerate(
            [
                (["a", "b", "a"], "text"),
                (["b"], ["text", "text", 5, None, {"y": 1}, [1]]),
                ([], {"y": 1}),
                (["b"], True),
            ]
        )
    )
    index = open_index(log, settings=IndexSettings(segment_entries=2, threads=1))
    index.catch_up()
    assert index.facets(query(""), FIELDS["target"].field).values == [("invoice:9", 4)]
    assert index.facets(query(""), FIELDS["tag"].field).values == [("b", 3), ("a", 1)]
    deep = Field("metadata", Kind.JSON, ("deep", "x"))
    assert index.facets(query(""), deep).values == [("text", 2), ("5", 1), ("null", 1), ("true", 1)]


@pytest.mark.parametrize("name", ["index", "occurred", "received"])
def test_facets_refuse_what_every_entry_has_its_own_of(shared_index: LogIndex, name: str) -> None:
    """A list of nearly all entries answers nothing."""
    with pytest.raises(UsageError, match="cannot be listed"):
        shared_index.facets(query(""), FIELDS[name].field)


def test_values_complete_what_was_begun(shared_index: LogIndex) -> None:
    """Values that begin so, most frequent first: ids of actors, or with their type once it is written."""
    assert shared_index.values(FIELDS["actor"].field, "", 10) == ["ada", "ben", "cleo"]
    assert shared_index.values(FIELDS["actor"].field, "c", 10) == ["cleo"]
    assert shared_index.values(FIELDS["actor"].field, "user:b", 10) == ["user:ben"]
    assert shared_index.values(FIELDS["target"].field, "", 3) == ["0", "1", "2"]
    assert shared_index.values(FIELDS["action"].field, "thing.w%", 3) == []
