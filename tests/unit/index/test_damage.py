"""A log of which something is missing: the rest is found, and every answer says how much could not be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from indelible.errors import DamagedObject
from indelible.formats.tile import TILE_WIDTH
from indelible.query.fields import FIELDS
from tests.unit.index.conftest import SEGMENT, make_entries, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indelible.index import LogIndex
    from indelible.log import StoredEntry


class DamagedLog(ListedLog):
    """Lacks a bundle, or has it with bytes that are none, until it is restored."""

    def __init__(self, count: int, lost: int, *, garbled: bool = False) -> None:
        super().__init__(make_entries(0, count))
        self.lost = range(lost * TILE_WIDTH, (lost + 1) * TILE_WIDTH)
        self._garbled = garbled

    def restore(self) -> None:
        self.lost = range(0)

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:  # type: ignore[explicit-override]  # of Python 3.12
        for index, entry in super().entries(start, end):
            self._look(index)
            yield index, entry

    def get(self, index: int) -> StoredEntry:  # type: ignore[explicit-override]  # of Python 3.12
        self._look(index)
        return super().get(index)

    def bundle(self, number: int) -> bytes:  # type: ignore[explicit-override]  # of Python 3.12
        if number * TILE_WIDTH in self.lost and self._garbled:
            return super().bundle(number)[1:]
        self._look(number * TILE_WIDTH)
        return super().bundle(number)

    def _look(self, index: int) -> None:
        if index in self.lost:
            raise DamagedObject("it is missing", path=f"tile/entries/{index // TILE_WIDTH:03}", log=self.origin)


COUNT = 3 * SEGMENT + 40


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_entries_that_cannot_be_read_keep_no_others_out(
    open_index: Callable[..., LogIndex], caplog: pytest.LogCaptureFixture, lost: int
) -> None:
    """They are counted as searched and as found by no value, and found where everything is asked."""
    log = DamagedLog(COUNT, lost)
    index = open_index(log)
    index.catch_up()
    readable = [at for at in range(COUNT) if at not in log.lost]
    for _ in range(2):
        found = index.search(query("action:thing.*"), order="asc", limit=1_000)
        assert found.indices == readable
        assert (found.coverage.indexed, found.coverage.unreadable) == (COUNT, TILE_WIDTH)
        assert index.search(query(""), order="asc", limit=1_000).indices == list(range(COUNT))
        assert sum(count for _, count in index.facets(query(""), FIELDS["actor"].field).values) == len(readable)
        index.hold_columns()
    assert [record.message for record in caplog.records] == ["index_lacks_entries"]
    assert index.coverage.unreadable == TILE_WIDTH


def test_entries_that_can_be_read_again_are_found_after_the_next_start(
    open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """Somebody has restored them from a backup; their segment is that of a log to which nothing has happened."""
    log = DamagedLog(COUNT, 2)
    open_index(log).catch_up()
    log.restore()
    index = open_index(log)
    index.catch_up()
    index.check_segments()
    assert index.search(query("action:thing.*"), order="asc", limit=1_000).indices == list(range(COUNT))
    assert index.coverage.unreadable == 0
    other = open_index(log, tmp_path / "other")
    other.catch_up()
    for path in (tmp_path / "other").glob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "index" / path.name).read_bytes()


def test_segments_that_lack_what_is_still_lost_are_kept(
    open_index: Callable[..., LogIndex], caplog: pytest.LogCaptureFixture
) -> None:
    """Making them again would give the same, each time that somebody asks."""
    log = DamagedLog(COUNT, 2)
    log.all[5] = b"no record"
    log.publish()
    open_index(log).catch_up()
    caplog.clear()
    index = open_index(log)
    index.catch_up()
    index.check_segments()
    assert caplog.records == []
    assert index.coverage.unreadable == TILE_WIDTH + 1


def test_segments_that_were_made_before_the_damage_are_kept(
    open_index: Callable[..., LogIndex], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They know more than the log does now; whoever shows what they find says that it is damaged."""
    log = DamagedLog(COUNT, 0)
    lost, log.lost = log.lost, range(0)
    open_index(log).catch_up()
    log.lost = lost
    caplog.set_level(logging.WARNING)
    index = open_index(log)
    index.catch_up()
    index.check_segments()
    assert index.search(query("metadata.amount:..2"), order="asc").indices == [0, 1, 2]
    assert caplog.records == []
    assert len(list((tmp_path / "index").glob("*.parquet"))) == 3


@pytest.mark.parametrize("garbled", [False, True])
@pytest.mark.parametrize("text", ["cleo", "CLEO action:thing.*", "nowhere-at-all"])
def test_text_may_have_been_in_what_cannot_be_read(
    open_index: Callable[..., LogIndex], text: str, *, garbled: bool
) -> None:
    """So whoever looks for it meets that: no page ends there, and none hides it."""
    log = DamagedLog(COUNT, 1, garbled=garbled)
    lost, log.lost = log.lost, range(0)
    index = open_index(log)
    index.catch_up()
    log.lost = lost
    having = {at for at in range(COUNT) if at % 3 == 2} if "cleo" in text.lower() else set()
    met = set(lost) if having or not garbled else set()  # of bytes that are no bundle it can be said what they lack
    for order in ("asc", "desc"):
        found = index.search(query(text), order=order, limit=1_000)
        assert found.indices == sorted(having | met, reverse=order == "desc")
        assert found.coverage.unreadable == len(met)
        assert [at for some in index.matches(query(text), order=order) for at in some] == found.indices


@pytest.mark.parametrize("held", [False, True])
def test_counts_leave_out_what_cannot_be_read_and_say_so(open_index: Callable[..., LogIndex], *, held: bool) -> None:
    """In a list each such entry is seen to be damaged; in a count nobody could tell."""
    log = DamagedLog(COUNT, 1)
    lost, log.lost = log.lost, range(0)
    index = open_index(log)
    index.catch_up()
    if held:
        index.hold_columns()
    log.lost = lost
    having = sum(at % 3 == 2 and at not in lost for at in range(COUNT))
    histogram = index.histogram(query('"cleo"'))
    assert sum(sum(bucket.counts.values()) for bucket in histogram.buckets) == having
    facets = index.facets(query('"cleo"'), FIELDS["actor"].field)
    assert facets.values == [("user:cleo", having)]
    assert histogram.coverage.unreadable == facets.coverage.unreadable == TILE_WIDTH
