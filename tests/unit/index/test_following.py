"""Following a log: what is acknowledged is found soon, once, and whole, whatever happens meanwhile."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Unavailable
from indelible.index import IndexSettings, LogIndex, LogSource
from indelible.index.scratch import Scratch
from indelible.log import Log, LogSettings, Stores, create_log
from indelible.storage.memory import MemoryStores
from indelible.trust.signer import LogSigner, generate_log_keys
from tests.stepped_log import ORIGIN
from tests.unit.index.conftest import SEGMENT, SMALL, make_entries, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def running() -> Iterator[Log]:
    """A log with its threads, in memory."""
    memory = MemoryStores()
    stores = Stores(journal=memory.journal, ids=memory.ids, objects=memory.objects, checkpoints=memory.checkpoints)
    signer = LogSigner(generate_log_keys(ORIGIN))
    create_log(stores, origin=ORIGIN, signer=signer)
    with Log.open(
        stores, name="main", origin=ORIGIN, signer=signer, settings=LogSettings(publish_interval=0.01)
    ) as log:
        yield log


def append(log: Log, count: int) -> int:
    """Append one request, and give the index after it."""
    events = [{"action": "thing.done", "actor": {"type": "user", "id": f"u{at % 7}"}} for at in range(count)]
    prepared = log.preparer.prepare_objects(events, principal="test", now_ms=1_770_000_000_000, random=os.urandom)
    return log.append(prepared).size


def test_tailer_finds_what_is_acknowledged(running: Log, tmp_path: Path) -> None:
    """Within a moment of the acknowledgement, published or not, while blocks are sealed behind it."""
    with LogIndex.open(tmp_path / "index", LogSource(running), settings=SMALL) as index:
        index.start()
        size = 0
        for count in (1, 10, 700, 3, 400):
            size = append(running, count)
            while index.lag:
                threading.Event().wait(0.002)
            found = index.search(query(""), limit=10_000)
            assert found.indices == list(reversed(range(size)))
        running.wait_published(size, timeout=30)
        while len(list((tmp_path / "index").glob("*.parquet"))) < size // SEGMENT:
            threading.Event().wait(0.002)
        assert index.search(query('"u3"'), limit=10_000, order="asc").indices == [
            at for at in range(size) if b'"u3"' in running.reader.get(at).entry
        ]


def test_queries_see_each_entry_once_while_blocks_are_sealed(open_index: Callable[..., LogIndex]) -> None:
    """Rows move from memory into segments under running queries; no view shows one twice or not at all."""
    wrong: list[object] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            found = index.search(query("metadata.amount:>=0"), order="asc", limit=10_000)
            if found.indices != list(range(found.coverage.indexed)):
                wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    followed = ListedLog()
    index = open_index(followed, settings=IndexSettings(segment_entries=16, threads=1))
    for thread in threads:
        thread.start()
    try:
        for start in range(0, 160, 10):
            followed.append(*make_entries(start, start + 10))
            followed.publish()
            index.catch_up()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert index._connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_index_builds_the_newest_first(log: ListedLog, open_index: Callable[..., LogIndex]) -> None:
    """An incident is about now: while much is missing, what is new can be searched already."""
    index = open_index(log)
    newest: list[int] = []
    index.catch_up(progress=lambda *_: newest.append(index.search(query(""), limit=1).indices[0]))
    assert newest[0] == len(log.all) - 1


def test_progress_tells_how_far_it_is(log: ListedLog, open_index: Callable[..., LogIndex]) -> None:
    """It only grows, and ends at all."""
    told: list[tuple[int, int]] = []
    open_index(log).catch_up(progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (len(log.all), len(log.all))


@pytest.mark.parametrize(
    ("segments", "room", "most"), [(11, 1 << 20, 10), (4, 1 << 20, 3), (11, 65_536, 2), (11, 1, 0)]
)
def test_index_takes_in_what_comes_before_it_seals(
    segments: int, room: int, most: int, open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as many entries come at a time, and there is room; then, and once they come slower, it seals."""
    monkeypatch.setattr("indelible.index.indexer._MUCH", 1e9)
    settings = IndexSettings(segment_entries=64, threads=1, unsealed_segments=segments)
    monkeypatch.setattr("indelible.index.indexer._SHARE", settings.memory // room)
    followed = ListedLog()
    index = open_index(followed, settings=settings)
    unsealed = []
    for start in range(0, 640, 64):
        followed.append(*make_entries(start, start + 64))
        followed.publish()
        index._indexer.step(start + 64)
        unsealed.append(len(index._parts.view.unsealed))
    assert max(unsealed) == most
    if most == 10:
        assert unsealed == list(range(1, 11))
    index.catch_up()
    assert index.coverage.complete
    assert len(index._parts.view.sealed) == 10


def test_index_is_complete_however_large_its_newest_block_is(
    open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be sealed before others write more, and keeps no other block out: neither missing nor damaged ones."""
    settings = IndexSettings(segment_entries=64, threads=1)
    monkeypatch.setattr("indelible.index.indexer._SHARE", settings.memory)
    index = open_index(ListedLog(make_entries(0, 64 * 3 + 60)), settings=settings)
    index.catch_up()
    assert index.coverage.complete
    part = index._parts.view.sealed[1]
    assert part.file is not None
    part.file.write_bytes(b"")
    assert index.search(query("metadata.amount:70")).indices == [70]
    assert index.coverage.complete


def test_index_goes_on_in_memory_when_it_cannot_seal(
    log: ListedLog,
    open_index: Callable[..., LogIndex],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No space: what fits into memory is found, the rest lags, and is there once there is space again."""
    index = open_index(
        log, settings=IndexSettings(segment_entries=64, unsealed_segments=2, retry_interval=0.0, threads=1)
    )

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "indelible.index"):
        patched.setattr("indelible.index.segment_folder.write_segment", full)
        with pytest.raises(Unavailable, match="No space left"):
            index.catch_up()
    assert {record.message for record in caplog.records} == {"index_not_sealed"}
    assert 0 < index.coverage.indexed < len(log.all)
    assert not index.coverage.complete
    assert index.search(query(""), limit=1).indices == [len(log.all) - 1]
    index.catch_up()
    assert index.coverage.complete


def test_tailer_survives_what_goes_wrong(
    log: ListedLog, open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure of the source is said, and tried again."""
    entries = log.entries
    failures = iter([OSError("gone"), OSError("gone")])

    def sometimes(start: int, end: int) -> Iterator[tuple[int, bytes]]:
        for failure in failures:
            raise failure
        return entries(start, end)

    monkeypatch.setattr(log, "entries", sometimes)
    index = open_index(log)
    index.start()
    while index.lag:
        threading.Event().wait(0.002)
    assert index.coverage.complete


def test_crash_leaves_temporaries_that_the_next_removes(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """A process that ended has let go of its lock; the folder of one that runs is left alone."""
    folder = tmp_path / "index"
    folder.mkdir()
    dead = Scratch.within(folder)
    (dead.path / "half.parquet").write_bytes(b"PAR1")
    os.close(dead._descriptor)
    alive = Scratch.within(folder)
    assert not dead.path.exists()
    index = open_index(log)
    index.catch_up()
    assert alive.path.exists()
    alive.close()
    index.close()
    assert {path.suffix for path in folder.iterdir()} == {".parquet", ".sha256"}
