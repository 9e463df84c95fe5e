"""A directory that something else writes, read without lock or key: what is published, and what is beyond that."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from indelible.embedded.data_directory import DataDirectory
from indelible.embedded.reading import DirectoryReader
from indelible.embedded.searching import DirectorySearch
from indelible.index import IndexSettings, LogIndex
from indelible.query.parser import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.log import Log

EVERYTHING = parse_query("", now_us=0)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    environment = {**os.environ, "INDELIBLE_STATE": str(tmp_path / "pins")}
    with DataDirectory.create(tmp_path / "data", origin="log.example/data", environment=environment) as directory:
        yield directory


@pytest.fixture
def log(directory: DataDirectory) -> Iterator[Log]:
    with directory.open_log("main") as log:
        yield log


def append(log: Log, count: int) -> int:
    """Append one request, and give the index after it."""
    events = [{"action": "thing.done", "actor": {"type": "user", "id": "ada"}}] * count
    prepared = log.preparer.prepare_objects(events, principal="test", now_ms=1_770_000_000_000, random=os.urandom)
    return log.append(prepared).size


def reader_of(directory: DataDirectory) -> DirectoryReader:
    return DirectoryReader(directory.open_reader("main"), directory.paths("main"), origin=directory.log("main").origin)


def test_directory_reader_reads_beside_a_writer(directory: DataDirectory, log: Log) -> None:
    """Everything acknowledged, whether it is still in the journal or has moved on since it was asked for."""
    reader = reader_of(directory)
    for count in (3, 300, 5):
        size = append(log, count)
        assert reader.acknowledged() == size
        log.wait_published(size)
        assert list(reader.entries(0, size)) == [(at, log.reader.get(at).entry) for at in range(size)]
    assert list(reader.entries(250, 260)) == [(at, log.reader.get(at).entry) for at in range(250, 260)]
    assert reader.bundle(0) == log.reader.bundle(0)


def test_directory_reader_reads_the_journal_beyond_the_checkpoint(
    directory: DataDirectory, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that has not published yet hides nothing."""
    log.wait_published(append(log, 10))
    monkeypatch.setattr(log.publisher, "run", lambda _most: False)
    append(log, 7)
    reader = reader_of(directory)
    assert (reader.acknowledged(), reader.published().checkpoint.size) == (17, 10)
    assert list(reader.entries(8, 99)) == [(at, log.reader.get(at).entry) for at in range(8, 17)]
    assert [reader.get(at).published for at in (9, 10, 16)] == [True, False, False]
    assert reader.get(16) == log.reader.get(16)
    assert list(reader.entries(12, 14)) == [(at, log.reader.get(at).entry) for at in range(12, 14)]


def test_index_of_a_directory_catches_up_without_its_writer(directory: DataDirectory, log: Log) -> None:
    """Another process needs neither lock nor key to search what has been acknowledged."""
    size = append(log, 600)
    log.wait_published(size)
    size = append(log, 1)
    settings = IndexSettings(segment_entries=256, threads=1)
    with LogIndex.open(directory.paths("main").index, reader_of(directory), settings=settings) as index:
        index.catch_up()
        assert index.search(EVERYTHING, limit=1_000).indices == list(reversed(range(size)))
    assert len(list(directory.paths("main").index.glob("*.parquet"))) == 2


def test_search_of_a_directory_checks_the_index_before_its_first_answer(directory: DataDirectory, log: Log) -> None:
    """Somebody may have altered a segment in between: then it is made anew."""
    size = append(log, 600)
    log.wait_published(size)
    folder = directory.paths("main").index
    settings = IndexSettings(segment_entries=256, threads=1)

    def search() -> DirectorySearch:
        return DirectorySearch(folder, reader_of(directory), settings=settings)

    with closing(search()) as first:
        first.current()
    path = folder / "0-256.parquet"
    before = path.read_bytes()
    path.write_bytes(before[:200] + bytes([before[200] ^ 1]) + before[201:])
    with closing(search()) as second:
        second.current()
        assert path.read_bytes() == before
