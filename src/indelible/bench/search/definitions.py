"""What the figures of search mean, for :mod:`indelible.bench.definitions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indelible.bench.definition import Definition

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DATABASES", "OTHERS", "OURS", "QUESTIONS", "SEARCH", "Wording"]

DATABASES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
"""The databases that questions are asked besides, by the ends of the figures' names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A question for people.

    Attributes:
        title: A line for tables.
        asks: What is asked, exactly.
        counts: Whether it is one of those for which databases have to look at much: histograms, facets, and free text
            that is not met soon.
    """

    title: str
    asks: str
    counts: bool = False


QUESTIONS: Final = {
    "common": Wording(
        title="newest 50 of the commonest actor", asks="The newest 50 events of the actor of one event in twelve."
    ),
    "rare": Wording(title="newest 50 of a rare actor", asks="The newest events of an actor that has fewest of all."),
    "absent": Wording(title="newest 50 of nobody", asks="The newest events of an actor that has none."),
    "three_fields": Wording(
        title="newest 50 by three fields and a day",
        asks="The newest 50 events with this action, outcome and actor that occurred in one day in the middle.",
    ),
    "histogram": Wording(
        title="histogram of everything", asks="All events, in 60 buckets of time, by outcome.", counts=True
    ),
    "histogram_filter": Wording(
        title="histogram of what was denied", asks="The events that were denied, in 60 buckets of time.", counts=True
    ),
    "facets": Wording(title="counts of actions", asks="The 50 most frequent of 260 actions, counted.", counts=True),
    "facets_many": Wording(
        title="counts of actors", asks="The 50 most frequent of 50,000 actors, counted.", counts=True
    ),
    "text_common": Wording(
        title="newest 50 with a common word",
        asks="The newest 50 events with a word, capitals or not, that one event in six holds somewhere: a look-up, "
        "since whoever begins at the newest is done after some hundred events.",
    ),
    "text_rare": Wording(
        title="events with a rare word",
        asks="The events with a word, capitals or not, that one event holds.",
        counts=True,
    ),
    "text_absent": Wording(
        title="events with words that none has",
        asks="The events with words, capitals or not, that none holds.",
        counts=True,
    ),
}
"""Every question, by its name."""

OURS: Final = (
    "From the query's text to the answer, in process: parsed, the index asked, and, where events are wanted, their "
    "records read from the log. The log holds events made from the shapes and frequencies of those in `samples/`, of "
    "50,000 actors whose frequencies follow Zipf's law; it is published and sealed in full, its text filters are made, "
    "its files are in the page cache, as far as they fit into memory (those of fifty million events take some 60 GB), "
    "and the columns of the fields that are asked for are held in memory, as after earlier questions about them "
    "(`[index] column_memory` is 2 GiB; some ten million events fit into the default). A figure is taken only when the "
    "answers of all engines are equal."
)
"""How the index is asked."""

OTHERS: Final = {
    "duckdb": "DuckDB over the index's own segments, in process: plain SQL over `read_parquet` with as many threads, "
    "its cache of Parquet metadata on; records come from the segments, free text is `regexp_matches(record, …, 'i')`, "
    "several times faster here than `ILIKE`.",
    "sqlite": "SQLite, in process: a table with the columns that are asked for, an index on each, and the record as "
    "text; a cache of 1 GB, memory-mapped; free text is `LIKE`.",
    "postgresql": "PostgreSQL, on a Unix socket, each statement timed by `psql`: a table with the columns that are "
    "asked for, a B-tree on each with the entry's index, and the record as `jsonb` under a GIN index; a quarter of the "
    "memory as shared buffers; free text is `ILIKE` over the record's text.",
}
"""How each of the others is asked. Neither database has an index of substrings here."""


def _of_question(name: str, wording: Wording) -> Iterator[Definition]:
    yield Definition(
        name=f"search_{name}",
        title=wording.title,
        unit="ms",
        measures=wording.asks,
        ceiling=OTHERS["duckdb"],
        bar="≤ 1.5 times bare DuckDB",
        greatest_ratio=1.5,
    )
    for database, label in DATABASES.items():
        yield Definition(
            name=f"search_{name}_{database}",
            title=f"{wording.title}, beside {label}",
            unit="ms",
            measures=wording.asks,
            ceiling=OTHERS[database],
            bar=f"≤ 1/10 of {label}" if wording.counts else f"≤ 3 times {label}",
            greatest_ratio=0.1 if wording.counts else 3.0,
        )


def _growth(name: str, wording: Wording) -> Definition:
    return Definition(
        name=f"growth_search_{name}",
        title=wording.title,
        unit="ms",
        measures=wording.asks,
        ceiling="The same at the smallest size.",
    )


SEARCH: Final = (
    *(definition for name, wording in QUESTIONS.items() for definition in _of_question(name, wording)),
    *(_growth(name, wording) for name, wording in QUESTIONS.items()),
    Definition(
        name="index_build",
        title="indexing a log that lies there",
        unit="events/s",
        measures="Entries a second that are read from the log, indexed and sealed into segments when nothing is yet.",
    ),
    Definition(
        name="index_disk",
        title="bytes of index a byte of record",
        unit="bytes/byte",
        measures="The bundled real events, with their originals, in one segment of the index: the sizes of its files, "
        "text filter included, divided by the sum of the records' own bytes.",
        bar="≤ 0.15",
        greatest_value=0.15,
    ),
    Definition(
        name="index_ingest",
        title="durable ingest over HTTP, the index on",
        unit="events/s",
        measures="As `ingest`, on a server with its index on, which works meanwhile. How long after the last answer "
        "everything was indexed stands in the details.",
        ceiling="The same on a server with `[index] enabled = false`, both at rest before.",
        bar="≥ 85 % of the ceiling",
        least_ratio=0.85,
    ),
    Definition(
        name="index_lag",
        title="acknowledged until searchable, under load: p99",
        unit="ms",
        measures="While requests of 1,000 events come at a pace of 100,000 events a second, or as fast as they are "
        "answered when that is slower (the details say which): from the answer of an append until a search that is "
        "repeated every 20 ms finds its last event. At the end the number of events that the index counts must be the "
        "number acknowledged, or there is no figure.",
        bar="≤ 1,000 ms",
        greatest_value=1_000.0,
    ),
    Definition(
        name="export",
        title="export as NDJSON",
        unit="events/s",
        measures="Events a second of one `GET …/export?format=ndjson` until its end, every line counted.",
        bar="≥ 150,000 events/s",
        least_value=150_000.0,
    ),
    Definition(
        name="export_memory",
        title="memory that an export takes",
        unit="MB",
        measures="The greatest resident size of the server (10^6 bytes), looked at every 50 ms, during the same "
        "exports after the first, less that before them.",
        bar="< 50 MB",
        greatest_value=50.0,
    ),
)
"""Every figure of search, in the order of the page."""
