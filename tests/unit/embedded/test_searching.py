"""Searching and following a log in a directory, by its writer and beside it."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

import indelible
import indelible.aio
from indelible.errors import IntegrityError, QueryError, UsageError
from indelible.merkle import leaf_hash
from tests.insider import NO_RECORDS, alter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible import AuditLog

EVENTS = [
    {
        "action": f"door.{('open', 'close')[number % 2]}",
        "actor": f"user:u{number % 3}",
        "outcome": ("success", "denied")[number % 5 == 0],
        "occurred_at": f"2026-01-31T{number:02d}:00:00Z",
    }
    for number in range(20)
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"INDELIBLE_STATE": str(tmp_path / "state")}


@pytest.fixture
def log(tmp_path: Path, environment: dict[str, str]) -> Iterator[AuditLog]:
    with indelible.open(tmp_path / "data", create=True, environment=environment) as log:
        log.record_many(EVENTS)
        yield log


@pytest.fixture(params=["writer", "beside it"])
def reader(
    request: pytest.FixtureRequest, log: AuditLog, tmp_path: Path, environment: dict[str, str]
) -> Iterator[AuditLog]:
    """The log as its writer reads it, and as another process would: without lock or key."""
    if request.param == "writer":
        yield log
        return
    with indelible.open(tmp_path / "data", read_only=True, environment=environment) as other:
        yield other


def test_search_finds_what_was_just_recorded(log: AuditLog, reader: AuditLog) -> None:
    """The index is brought up to date before each answer, published or not."""
    assert [entry.index for entry in reader.search("outcome:denied")] == [15, 10, 5, 0]
    receipt = log.record("door.break", actor="user:eve")
    found = list(reader.search("action:door.break"))
    assert [(entry.index, entry.record["actor"]["id"]) for entry in found] == [(receipt.index, "eve")]
    assert found[0].leaf_hash == receipt.leaf_hash


def test_search_goes_page_by_page(reader: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pages are, each entry is given once, in either order, up to the limit."""
    monkeypatch.setattr("indelible.embedded.searching._PAGE", 3)
    everything = list(range(20))
    assert [entry.index for entry in reader.search()] == everything[::-1]
    assert [entry.index for entry in reader.search(order="asc")] == everything
    assert [entry.index for entry in reader.search(limit=7, order="asc")] == everything[:7]
    assert list(reader.search(limit=0)) == []


def test_search_is_bounded_in_time_and_says_what_it_covers(reader: AuditLog) -> None:
    """``[since, until)`` of what occurred; the coverage is known once something has been asked."""
    results = reader.search(since="2026-01-31T05:00", until="2026-01-31T08:00:00Z")
    before = results.coverage
    assert before is None
    assert [entry.index for entry in results] == [7, 6, 5]
    after = results.coverage
    assert after is not None
    assert after.indexed == 20


def test_search_gives_proofs_as_far_as_there_are_any(log: AuditLog, reader: AuditLog) -> None:
    """Once a checkpoint covers an entry, its proof comes with it."""
    log.run(log.plans.wait_published(20, 60))
    for entry in reader.search(limit=3, proof=True):
        assert entry.proof is not None
        assert entry.proof == reader.prove(entry.index).tlog_proof
    assert next(reader.search()).proof is None


def test_histogram_and_facets_count_what_matches(reader: AuditLog) -> None:
    """Totals, buckets and values agree with the events."""
    histogram = reader.histogram("action:door.open", buckets=2)
    assert histogram.total == 10
    assert [bucket.total for bucket in histogram.buckets] == [5, 5]
    assert histogram.buckets[0].counts == {"success": 4, "denied": 1}
    facets = reader.facets("actor", "outcome:denied", since="2026-01-31T01:00")
    assert facets.values == (("user:u0", 1), ("user:u1", 1), ("user:u2", 1))
    assert (facets.distinct, facets.total) == (3, 3)
    with pytest.raises(UsageError, match=r"did you mean .actor.\?"):
        reader.facets("actr")


def test_export_writes_what_matches(reader: AuditLog, tmp_path: Path) -> None:
    """Oldest first, whole or not at all."""
    reader.export("ndjson", "outcome:denied", to=tmp_path / "out", since="2026-01-31T01:00")
    lines = (tmp_path / "out").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ['{"index":5', '{"index":10', '{"index":15']
    with pytest.raises(QueryError):
        reader.export("csv", "outcome:(", to=tmp_path / "none")
    assert not (tmp_path / "none").exists()
    reader.export("parquet", "outcome:denied", to=tmp_path / "out.parquet", order="desc", since="2026-01-31T01:00")
    assert pl.read_parquet(tmp_path / "out.parquet")["index"].to_list() == [15, 10, 5]


def test_tail_gives_each_entry_once_while_the_log_grows(log: AuditLog, reader: AuditLog) -> None:
    """From an index on, through publications, with a filter; closing it ends whoever waits."""
    got: list[int] = []
    enough = threading.Event()
    flow = reader.tail("-action:door.close", after=15)

    def read() -> None:
        for entry in flow:
            got.append(entry.index)
            if len(got) == 6:
                enough.set()

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(4):
        receipt = log.record("door.open", actor=f"user:{number}")
        receipt.wait_published(60)
        log.record("door.close", actor=f"user:{number}")
    assert enough.wait(60)
    flow.close()
    thread.join()
    assert got == [16, 18, 20, 22, 24, 26]


def test_tail_awaits_what_comes(log: AuditLog, tmp_path: Path, environment: dict[str, str]) -> None:
    """``async for`` follows; a timeout around a wait loses nothing."""

    async def main() -> None:
        async with (
            indelible.aio.open(tmp_path / "data", read_only=True, environment=environment) as other,
            other.tail(after=18) as flow,
        ):
            assert (await anext(flow)).index == 19
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(flow)
            await asyncio.to_thread(log.record, "door.open", actor="user:ada")
            assert (await anext(flow)).index == 20
            assert [entry.index async for entry in other.search(limit=2)] == [20, 19]
            assert (await other.facets("action")).total == 21
            assert (await other.histogram()).total == 21
            await other.export("ndjson", to=tmp_path / "out")
        assert (tmp_path / "out").read_bytes().count(b"\n") == 21

    asyncio.run(main())


def test_a_bare_installation_says_what_to_install(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DuckDB there is no search, without lark no query; following everything needs neither."""
    for name in [name for name in sys.modules if name.startswith(("indelible.index", "indelible.query.parser"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setitem(sys.modules, "lark", None)
    with pytest.raises(UsageError, match=r"indelible\[server\]"):
        next(log.search())
    with pytest.raises(UsageError, match=r"indelible\[server\]"):
        next(log.tail("outcome:denied", after=0))
    with log.tail(after=18) as flow:
        assert next(flow).index == 19


def test_reading_goes_on_past_an_entry_that_is_no_record(log: AuditLog, reader: AuditLog, tmp_path: Path) -> None:
    """Searches and tails give it, and what is wrong with it in place of a record; to read it alone is an error."""
    log.run(log.plans.wait_published(20, 60))
    alter(tmp_path / "data" / "logs" / "main", 20, 7, NO_RECORDS["cut off"])
    found = list(reader.search(order="asc", proof=True))
    with reader.tail(after=-1) as flow:
        followed = [next(flow) for _ in range(20)]
    for entries in (found, followed):
        assert [entry.index for entry in entries] == list(range(20))
        assert [entry.index for entry in entries if entry.damage] == [7]
        assert entries[7].leaf_hash == leaf_hash(entries[7].entry).hex()
        with pytest.raises(IntegrityError, match="entry 7 is no record any more"):
            _ = entries[7].record
    assert all(entry.proof for entry in found)
    for read in (reader.get, reader.prove):
        with pytest.raises(IntegrityError, match="entry 7 is no record any more"):
            read(7)
    with reader.tail("actor:user:u1", after=-1) as flow:
        assert [next(flow).index for _ in range(6)] == [1, 4, 10, 13, 16, 19]
