"""Fixtures: a log in memory with some variety, and an index over it with small segments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.events.timestamps import from_microseconds
from indelible.index import IndexSettings, LogIndex, scan
from indelible.query.parser import parse_query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from indelible.index.fragment import Fragment
    from indelible.index.parts import Part
    from indelible.query.ast import Query

START_US = 1_770_000_000_000_000
SECOND = 1_000_000
SEGMENT = 256
SMALL = IndexSettings(segment_entries=SEGMENT, interval=0.001, retry_interval=0.01, threads=1)


def make_record(index: int, **changes: Any) -> dict[str, Any]:
    """The record of one second after another: by three actors in turn, every fifth one denied."""
    when = from_microseconds(START_US + index * SECOND)
    return {
        "v": 1,
        "id": f"019c1f00-0000-7000-8000-{index:012x}",
        "log": "log.example/main",
        "principal": "key:test",
        "occurred_at": when,
        "received_at": when,
        "action": f"thing.{('read', 'write')[index % 2]}",
        "actor": {"type": "user", "id": ("ada", "ben", "cleo")[index % 3]},
        "outcome": "success" if index % 5 else "denied",
        "targets": [{"type": "invoice", "id": str(index % 7)}],
        "context": {"ip": f"10.0.{index % 4}.1"},
        "metadata": {"amount": index},
        **changes,
    }


def encode(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def make_entries(start: int, end: int, **changes: Any) -> list[bytes]:
    return [encode(make_record(index, **changes)) for index in range(start, end)]


def query(text: str) -> Query:
    return parse_query(text, now_us=START_US)


def make_log() -> ListedLog:
    """Three full segments, half a one that is published, and some entries that are not."""
    log = ListedLog(make_entries(0, 3 * SEGMENT + 128))
    log.append(*make_entries(len(log.all), len(log.all) + 20))
    return log


@pytest.fixture
def log() -> ListedLog:
    return make_log()


@pytest.fixture(scope="session")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogIndex]:
    """An index over such a log that has caught up, for tests that change nothing."""
    with LogIndex.open(tmp_path_factory.mktemp("index"), make_log(), settings=SMALL) as index:
        index.catch_up()
        yield index


@pytest.fixture
def open_index(tmp_path: Path) -> Iterator[Callable[..., LogIndex]]:
    opened: list[LogIndex] = []

    def open_one(log: ListedLog, folder: Path | None = None, *, settings: IndexSettings = SMALL) -> LogIndex:
        opened.append(LogIndex.open(folder or tmp_path / "index", log, settings=settings))
        return opened[-1]

    yield open_one
    for index in opened:
        index.close()


@pytest.fixture
def index(log: ListedLog, open_index: Callable[..., LogIndex]) -> LogIndex:
    """An index that has caught up."""
    index = open_index(log)
    index.catch_up()
    return index


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first indices of the segments that statements read, as they are read."""
    read: list[int] = []
    rows = scan._rows

    def watch(parts: Sequence[Part]) -> Fragment:
        read.extend(part.first for part in parts if part.file is not None)
        return rows(parts)

    monkeypatch.setattr(scan, "_rows", watch)
    return read
