"""Searching: order, pages, bounds of time, what an answer says of itself, and how a query is stopped."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import duckdb
import pytest

from indelible.errors import Closed, QueryCancelled, QueryTimeout, QueryTooCostly, UsageError
from indelible.index import Control, IndexSettings
from tests.unit.index.conftest import SECOND, SEGMENT, START_US, make_entries, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indelible.index import LogIndex
    from indelible.index.order import Order


def pages(index: LogIndex, text: str, order: Order, limit: int) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        page = index.search(query(text), order=order, limit=limit, after=after)
        assert len(page.indices) <= limit
        found += page.indices
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("text", ["", "outcome:denied", "-outcome:denied", '"cleo"', "actor:nobody"])
@pytest.mark.parametrize("limit", [1, 50, 10_000])
def test_search_pages_give_everything_once(shared_index: LogIndex, text: str, limit: int) -> None:
    """Page after page, in both orders, without a row twice or left out."""
    if limit == 1:
        text = f"{text} metadata.amount:250..260"
    ascending = pages(shared_index, text, "asc", limit)
    assert ascending == sorted(set(ascending)) == [at for batch in shared_index.matches(query(text)) for at in batch]
    assert pages(shared_index, text, "desc", limit) == ascending[::-1]
    assert [at for batch in shared_index.matches(query(text), order="desc") for at in batch] == ascending[::-1]


def test_search_cursor_holds_while_the_log_grows_and_is_sealed(index: LogIndex, log: ListedLog) -> None:
    """The newest first: what comes meanwhile stands before the first page and moves nothing."""
    first = index.search(query(""), limit=100)
    end = len(log.all)
    found = first.indices
    after = first.next
    while after is not None:
        log.append(*make_entries(len(log.all), len(log.all) + 60))
        log.publish()
        index.catch_up()
        page = index.search(query(""), limit=100, after=after)
        found, after = found + page.indices, page.next
    assert found == list(reversed(range(end)))


def test_search_bounds_what_occurred(shared_index: LogIndex) -> None:
    """``since`` is within, ``until`` is not; what the producer's clock says counts."""
    since, until = START_US + 250 * SECOND, START_US + 260 * SECOND
    assert shared_index.search(query(""), since_us=since, until_us=until, order="asc").indices == list(range(250, 260))
    assert shared_index.search(query(""), since_us=until, until_us=since).indices == []
    assert shared_index.search(query(""), since_us=START_US + 10**9 * SECOND).indices == []
    assert shared_index.search(query(""), until_us=0).indices == []
    assert shared_index.search(query(""), since_us=-(2**70), until_us=2**70, limit=10_000).next is None


def test_search_says_what_it_covers(log: ListedLog, open_index: Callable[..., LogIndex]) -> None:
    """The checkpoint, and how many entries were searched: those beyond it too, and not all while it catches up."""
    index = open_index(log)
    size, root = log.size, log.published().checkpoint.root
    coverage = index.search(query("")).coverage
    assert (coverage.size, coverage.root, coverage.indexed, coverage.complete) == (size, root, 0, False)
    assert index.lag == len(log.all)
    index.catch_up(upto=2 * SEGMENT)
    assert (index.coverage.indexed, index.coverage.complete) == (2 * SEGMENT, False)
    index.catch_up()
    assert (index.coverage.indexed, index.coverage.complete, index.lag) == (len(log.all), True, 0)


@pytest.mark.parametrize("limit", [0, -1, 100_001])
def test_search_refuses_pages_out_of_range(shared_index: LogIndex, limit: int) -> None:
    """A page has at least one event and fits into memory."""
    with pytest.raises(UsageError, match="a page has 1 to 100000 events"):
        shared_index.search(query(""), limit=limit)


def test_search_stops_at_its_deadline(shared_index: LogIndex) -> None:
    """A query whose time is over raises, and the next one is not touched by it."""
    for text in ("outcome:denied", '"cleo"'):
        with pytest.raises(QueryTimeout, match="narrow it"):
            shared_index.search(query(text), control=Control(seconds=0.0))
    with pytest.raises(QueryTimeout):
        shared_index.histogram(query(""), control=Control(seconds=0.0))
    assert shared_index.search(query("outcome:denied"), limit=1).indices


def test_search_stops_when_it_is_cancelled_in_between(shared_index: LogIndex) -> None:
    """Whoever cancels from another thread stops a statement that already runs."""
    control = Control()
    cursor = shared_index._connection.cursor()
    threading.Timer(0.01, control.cancel).start()
    with pytest.raises(Exception, match="INTERRUPT"), control.guard(cursor):
        cursor.execute("SELECT count(*) FROM range(1000000000000) AS a, range(1000000000000) AS b").fetchall()
    with pytest.raises(QueryCancelled):
        control.check()
    with pytest.raises(QueryCancelled):
        shared_index.search(query(""), control=control)


def test_search_says_when_it_takes_too_much_memory(shared_index: LogIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query over its limit is the caller's to narrow, and no damage."""

    def exhaust(*_: object, **__: object) -> None:
        raise duckdb.OutOfMemoryException("failed to allocate")

    monkeypatch.setattr("indelible.index.scan.Relation.select", exhaust)
    with pytest.raises(QueryTooCostly, match="memory"):
        shared_index.search(query("metadata.amount:>10"))


def test_search_of_a_closed_index_says_so(index: LogIndex) -> None:
    """Not an error of the database."""
    index.close()
    with pytest.raises(Closed):
        index.search(query(""))


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.1])
def test_closing_waits_for_the_queries_that_run(
    open_index: Callable[..., LogIndex], tmp_path: Path, seconds: float
) -> None:
    """All of them end, with an answer or with ``Closed``; none is left in a database that is gone."""
    log = ListedLog(make_entries(0, 600))  # in memory in part, where addresses are compared by a function in Python
    index = open_index(log, tmp_path / "closing")
    index.catch_up()
    ended: list[type[BaseException]] = []
    begun = threading.Barrier(5)

    def ask() -> None:
        begun.wait(30)
        try:
            while True:
                assert index.search(query("ip:10.0.0.0/16"), limit=1_000).indices
                list(index.matches(query("ip:10.0.1.0/24")))
        except Closed as error:
            ended.append(type(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(30)
    time.sleep(seconds)
    index.close()
    for thread in threads:
        thread.join(30)
    assert ended == [Closed] * 4


def test_closing_waits_for_what_catches_up_and_repairs(open_index: Callable[..., LogIndex], tmp_path: Path) -> None:
    """Segments that a query found damaged are being made again, and another thread indexes what is new."""
    log = ListedLog(make_entries(0, 40 * SEGMENT))
    folder = tmp_path / "closing"
    open_index(log, folder).catch_up()
    ended: list[type[BaseException]] = []

    def until_closed(act: Callable[[], object]) -> None:
        try:
            while True:
                act()
        except Closed as error:
            ended.append(type(error))

    for _ in range(8):
        index = open_index(log, folder)
        for path in sorted(folder.glob("*.parquet"))[::3]:
            path.write_bytes(b"PAR1" + bytes(64) + b"PAR1")
        log.append(*make_entries(len(log.all), len(log.all) + SEGMENT))
        log.publish()
        acts = (lambda: index.search(query("ip:10.0.0.0/16"), limit=100), index.catch_up)  # noqa: B023 - they end here
        threads = [threading.Thread(target=until_closed, args=(act,)) for act in acts * 2]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        index.close()
        for thread in threads:
            thread.join(30)
    assert ended == [Closed] * 32


def test_search_reads_no_segment_that_time_rules_out(
    log: ListedLog, open_index: Callable[..., LogIndex], read: list[int]
) -> None:
    """Whatever bounds the time, as an argument or in the query: segments beyond it are not even opened."""
    index = open_index(log)
    index.catch_up()
    second = START_US + (SEGMENT + 3) * SECOND
    index.search(query(""), since_us=second, until_us=second + SECOND)
    index.search(query("occurred:2026-02-02T02:44:19Z"))
    index.search(query("received:2026-02-02T02:44:19Z outcome:denied"))
    index.search(query(f"index:{SEGMENT + 3} outcome:denied"))
    assert read == [SEGMENT] * 4


def test_search_looks_for_texts_among_candidates_only(index: LogIndex, log: ListedLog) -> None:
    """What everything else rules out is not read from the log."""
    log.bundles_read = 0
    assert index.search(query('"ada" metadata.amount:300')).indices == [300]
    assert log.bundles_read == 1


def test_search_finds_what_is_common_without_reading_all(open_index: Callable[..., LogIndex], read: list[int]) -> None:
    """The newest of it stands in the newest parts: no more is read than the batch that fills the page."""
    index = open_index(ListedLog(make_entries(0, 320)), settings=IndexSettings(segment_entries=16, threads=1))
    index.catch_up()
    assert len(index.search(query("outcome:denied"), limit=20).indices) == 20
    assert sorted(read) == list(range(320 - (4 + 8) * 16, 320, 16))
