"""Text filters: built when there is time, asked before the log is read, and never the reason for a missing event."""

from __future__ import annotations

import logging
import shutil
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indelible.errors import Damaged, QueryCancelled, Unavailable
from indelible.index import IndexSettings, LogIndex
from indelible.index.control import Control
from indelible.index.free_text import find_texts
from indelible.index.stretches import STRETCHES
from indelible.index.text_filters import TextFilters
from indelible.query.ast import FreeText
from tests.unit.index.conftest import SEGMENT, SMALL, encode, make_entries, make_record, query
from tests.unit.index.listed_log import ListedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indelible.index.order import Order
    from indelible.index.parts import Part

RARE = (3, SEGMENT + 100, 2 * SEGMENT - 1)
"""Entries that hold a word that no other does: none of the last segment, and none in memory."""
HASH = "9f86d081884c7d659a2feaa0c55ad015"


def make_log() -> ListedLog:
    """Three full segments, and some entries in memory."""
    entries = make_entries(0, 3 * SEGMENT + 20)
    for at in RARE:
        entries[at] = encode(make_record(at, reason="the Zwiebelfisch, again"))
    entries[SEGMENT + 3] = encode(make_record(SEGMENT + 3, reason=HASH))
    return ListedLog(entries)


@pytest.fixture
def log() -> ListedLog:
    return make_log()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LogIndex, ListedLog]]:
    """An index with all of its filters and its log, for tests that change nothing."""
    log = make_log()
    with LogIndex.open(tmp_path_factory.mktemp("index"), log, settings=SMALL) as index:
        index.catch_up()
        index.build_text_filters()
        yield index, log


@pytest.fixture
def index(log: ListedLog, open_index: Callable[..., LogIndex]) -> LogIndex:
    """An index with all of its filters."""
    index = open_index(log)
    index.catch_up()
    index.build_text_filters()
    return index


def filters(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.grams"))}


def found(index: LogIndex, text: str) -> list[int]:
    return index.search(query(text), order="asc", limit=1_000).indices


@pytest.mark.parametrize(
    ("text", "indices", "bundles"),
    [
        ("zwiebelfisch", RARE, 2),
        ('"ZWIEBELFISCH, AGAIN"', RARE, 2),
        ("zwiebelfische", (), 0),
        ("zwiebelfisch metadata.amount:>10", RARE[1:], 1),
        ("zwiebelfisch nowhere-at-all", (), 0),
        ("zwiebelfisch OR nowhere-at-all", RARE, 2),
        ("-zwiebelfisch actor:ada index:0..8", (0, 6), 1),
        ("-nowhere-at-all index:0..2", (0, 1, 2), 0),
        (HASH, (SEGMENT + 3,), 1),
        (HASH[::-1], (), 0),
    ],
)
def test_text_filters_rule_out_what_is_not_read(
    shared: tuple[LogIndex, ListedLog], text: str, indices: tuple[int, ...], bundles: int
) -> None:
    """Only the bundles that may hold a text are read, whatever else is asked. A bundle is a segment here."""
    index, log = shared
    log.bundles_read = 0
    assert found(index, text) == list(indices)
    assert log.bundles_read == bundles


def test_text_filters_serve_counts_and_exports(shared: tuple[LogIndex, ListedLog]) -> None:
    """Not only pages: everything that asks for a text."""
    index, log = shared
    log.bundles_read = 0
    assert [sum(bucket.counts.values()) for bucket in index.histogram(query("zwiebelfisch"), buckets=1).buckets] == [3]
    assert index.histogram(query("nowhere-at-all")).buckets == []
    assert list(index.matches(query("nowhere-at-all"))) == []
    assert [at for some in index.matches(query("zwiebelfisch"), order="desc") for at in some] == list(reversed(RARE))
    assert log.bundles_read == 4


def test_text_filters_are_not_needed(log: ListedLog, open_index: Callable[..., LogIndex]) -> None:
    """A segment without one is searched as a whole."""
    index = open_index(log)
    index.catch_up()
    log.bundles_read = 0
    assert found(index, "zwiebelfisch") == list(RARE)
    assert log.bundles_read == 3


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("text", "matches", "near"),
    [
        ("cleo", lambda at: at % 3 == 2, True),
        ("CLEO actor:cleo", lambda at: at % 3 == 2, True),
        ('"cleo" index:..2000', lambda at: at % 3 == 2 and at <= 2_000, True),
        ("cleo actor:ada", lambda _: False, False),
        ("cleo OR nowhere-at-all", lambda at: at % 3 == 2, False),
    ],
)
def test_common_text_is_found_without_filters(
    open_index: Callable[..., LogIndex],
    monkeypatch: pytest.MonkeyPatch,
    order: Order,
    text: str,
    matches: Callable[[int], bool],
    *,
    near: bool,
) -> None:
    """A page of it, near the end that it begins at; what lies further on is ruled out by them as ever."""
    log = ListedLog(make_entries(0, 2_048))
    index = open_index(log, settings=IndexSettings(segment_entries=1_024, threads=1))
    index.catch_up()
    index.build_text_filters()
    index.hold_columns()
    expected = [at for at in range(2_048) if matches(at)][:: 1 if order == "asc" else -1]
    looked: list[int] = []
    stretches = TextFilters.stretches

    def seen(filters: TextFilters, part: Part, texts: Sequence[NDArray[np.intp]]) -> list[int]:
        looked.append(part.first)
        return stretches(filters, part, texts)

    monkeypatch.setattr(TextFilters, "stretches", seen)
    page = index.search(query(text), order=order, limit=50)
    assert page.indices == expected[:50]
    assert (looked == []) == near
    assert index.search(query(text), order=order, limit=2_000).indices == expected
    if page.next is not None:
        assert index.search(query(text), order=order, limit=2_000, after=page.next).indices == expected[50:]


def test_text_filters_are_the_same_whoever_builds_them(
    log: ListedLog, index: LogIndex, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """Derived, like their segments: two processes that build one at once write the same bytes."""
    first = filters(tmp_path / "index")
    assert list(first) == sorted(f"{start}-{start + SEGMENT}.grams" for start in range(0, 3 * SEGMENT, SEGMENT))
    other = open_index(log, tmp_path / "other")
    other.catch_up()
    other.build_text_filters()
    assert filters(tmp_path / "other") == first
    assert [path.name for path in other._segments.scratch.path.iterdir()] == ["lock"]


def test_text_filters_are_built_a_little_at_a_time_and_the_newest_first(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """So that whoever builds can look after news in between."""
    index = open_index(log)
    index.catch_up()
    steps = 0
    while not filters(tmp_path / "index"):
        assert index._filters.step(index._parts.view.parts)
        steps += 1
    assert steps == STRETCHES + 1
    assert list(filters(tmp_path / "index")) == [f"{2 * SEGMENT}-{3 * SEGMENT}.grams"]


def test_text_filters_are_built_by_who_follows(
    log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """By itself, on a quiet log and between entries, and again when they are gone."""
    index = open_index(log)
    index.start()
    while len(filters(tmp_path / "index")) < 3:
        threading.Event().wait(0.002)
    (tmp_path / "index" / f"0-{SEGMENT}.grams").unlink()
    log.append(*make_entries(len(log.all), 4 * SEGMENT))
    log.publish()
    while len(filters(tmp_path / "index")) < 4:
        threading.Event().wait(0.002)
    assert found(index, "zwiebelfisch") == list(RARE)


def of_another_segment(path: Path) -> None:
    shutil.copy(path.with_name(f"{2 * SEGMENT}-{3 * SEGMENT}.grams"), path)


def change(path: Path, places: range) -> None:
    data = bytearray(path.read_bytes())
    for at in places:
        data[at] ^= 0xFF
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "magic": lambda path: change(path, range(1)),
    "version": lambda path: change(path, range(8, 9)),
    "segment": lambda path: change(path, range(32, 33)),
    "checks": lambda path: change(path, range(64, 72)),
    "rows": lambda path: change(path, range(4_096, path.stat().st_size, 7)),
    "zeroes": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: 4_096 + 100]),
    "cut within the header": lambda path: path.write_bytes(path.read_bytes()[:70]),
    "empty": lambda path: path.write_bytes(b""),
    "of another segment": of_another_segment,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_text_filters_that_are_damaged_are_built_anew(
    damage: Callable[[Path], object], index: LogIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever happened to its file, a filter says no only where it was built to; it is noticed, said, and replaced."""
    before = filters(tmp_path / "index")
    damage(tmp_path / "index" / f"{SEGMENT}-{2 * SEGMENT}.grams")
    with caplog.at_level(logging.WARNING, "indelible.index"):
        assert found(index, "zwiebelfisch") == list(RARE)
    assert [record.message for record in caplog.records] == ["index_text_filter_discarded"]
    assert len(filters(tmp_path / "index")) == 2
    index.build_text_filters()
    assert filters(tmp_path / "index") == before


def test_text_filters_of_another_version_are_built_anew(
    log: ListedLog,
    open_index: Callable[..., LogIndex],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Their rows mean something else. They are whole, so only their version says so."""
    index = open_index(log)
    index.catch_up()
    with monkeypatch.context() as patched:
        patched.setattr("indelible.index.text_filter_file._VERSION", 1)
        index.build_text_filters()
    assert found(index, "zwiebelfisch") == list(RARE)
    assert {record.message for record in caplog.records} == {"index_text_filter_discarded"}
    assert filters(tmp_path / "index") == {}
    index.build_text_filters()
    assert {data[8] for data in filters(tmp_path / "index").values()} == {2}
    log.bundles_read = 0
    assert found(index, "zwiebelfisch") == list(RARE)
    assert log.bundles_read == 2


def test_text_filters_of_a_log_that_went_on_otherwise_are_not_used(
    log: ListedLog, index: LogIndex, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """A filter belongs to the segment whose hash it bears: not to the one that takes that one's name."""
    stale = filters(tmp_path / "index")
    other = ListedLog([*log.all[:300], *make_entries(9_000, 10_000, reason="Lachs"), *log.all[300:]])
    index = open_index(other)
    while index._indexer.check():
        pass
    index.catch_up()
    for name, data in stale.items():  # as if a crash had brought them back
        (tmp_path / "index" / name).write_bytes(data)
    assert found(index, "lachs") == list(range(300, 1_300))


def test_text_filters_without_a_segment_are_removed(
    log: ListedLog, index: LogIndex, open_index: Callable[..., LogIndex], tmp_path: Path
) -> None:
    """A filter goes before its segment does, and what a crash leaves goes at the next start."""
    folder = tmp_path / "index"
    index._segments.discard(folder / f"0-{SEGMENT}.parquet", "for a test")
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith("0-")) == []
    (folder / f"{SEGMENT}-{2 * SEGMENT}.parquet").unlink()
    open_index(log)
    assert list(filters(folder)) == [f"{2 * SEGMENT}-{3 * SEGMENT}.grams"]


def test_text_filters_that_cannot_be_written_are_tried_again(
    log: ListedLog,
    open_index: Callable[..., LogIndex],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No space is said, harms no search, and passes."""
    index = open_index(log)
    index.catch_up()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "indelible.index"):
        patched.setattr("indelible.index.text_filters.write_filter", full)
        index.build_text_filters()
    assert {record.message for record in caplog.records} == {"index_text_filter_not_built"}
    assert found(index, "zwiebelfisch") == list(RARE)
    index.build_text_filters()
    assert len(filters(tmp_path / "index")) == 3


@pytest.mark.parametrize("missing", ["damaged", "gone"])
def test_text_filters_need_every_entry(
    missing: str, log: ListedLog, open_index: Callable[..., LogIndex], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the log cannot be read there is no filter; elsewhere there is."""
    index = open_index(log)
    index.catch_up()
    entries = log.entries

    def read(start: int, end: int) -> Iterator[tuple[int, bytes]]:
        if start <= SEGMENT + 100 < end:
            if missing == "damaged":
                raise Damaged("it is torn", path=tmp_path, remedy="none")
            end -= 1
        return entries(start, end)

    with monkeypatch.context() as patched:
        patched.setattr(log, "entries", read)
        for _ in range(2):
            index.build_text_filters()
    assert list(filters(tmp_path / "index")) == [f"0-{SEGMENT}.grams", f"{2 * SEGMENT}-{3 * SEGMENT}.grams"]
    assert found(index, "zwiebelfisch") == list(RARE)


def test_text_filters_in_a_folder_that_cannot_be_written_are_read(
    log: ListedLog, index: LogIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither built nor deleted there."""
    folder = tmp_path / "index"
    index.close()
    (folder / f"0-{SEGMENT}.grams").unlink()
    (folder / f"{SEGMENT}-{2 * SEGMENT}.grams").write_bytes(b"")
    before = filters(folder)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("indelible.index.scratch.Scratch.within", refuse)
    with LogIndex.open(folder, log, settings=SMALL) as reading:
        reading.catch_up()
        reading.build_text_filters()
        log.bundles_read = 0
        assert found(reading, "zwiebelfisch") == list(RARE)
        assert log.bundles_read == 2
    assert filters(folder) == before


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_search_for_a_common_text_looks_nearby_first(
    order: str, open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fills a page in the first entries is looked for in no others; and no page misses or repeats one."""
    monkeypatch.setattr("indelible.index.scan.NEAR_TEXT", (256, 512))
    log = ListedLog(make_entries(0, 2_048))
    index = open_index(log, settings=IndexSettings(segment_entries=1_024, threads=1))
    index.catch_up()
    log.bundles_read = 0
    expected = list(range(2_048)) if order == "asc" else list(reversed(range(2_048)))
    after: int | None = None
    pages: list[int] = []
    for size in (10, 10, 300, 2_000):
        page = index.search(query("invoice"), order=order, limit=size, after=after)  # type: ignore[arg-type]
        pages += page.indices
        after = page.next
        if len(pages) == 10:
            assert log.bundles_read == 1
    assert pages == expected


@pytest.mark.parametrize("text", ["zwiebelfisch", "-zwiebelfisch index:0..5", "invoice (absent OR zwiebelfisch)"])
def test_search_for_texts_alone_does_without_the_database(
    text: str, log: ListedLog, open_index: Callable[..., LogIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No column is needed: the log tells, of sealed entries and of those in memory, published or not."""
    log.append(*make_entries(len(log.all), len(log.all) + 10, reason="Zwiebelfisch"))
    index = open_index(log)
    index.catch_up()
    held = [at for at, entry in enumerate(log.all) if b"wiebelfisch" in entry]
    assert len(held) == len(RARE) + 10

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr("indelible.index.scan.Scan.relation", refuse)
    assert found(index, text) == ([0, 1, 2, 4, 5] if text.startswith("-") else held)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_search_for_a_text_ends_with_the_first_error(is_cancelled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised, and what comes after it stays undone."""
    log = ListedLog(make_entries(0, 100 * SEGMENT))
    control = Control()
    bundle = log.bundle

    def read(number: int) -> bytes:
        if number == 5:
            if not is_cancelled:
                raise Unavailable("too many open files", retry_after=1.0)
            control.cancel()
        return bundle(number)

    monkeypatch.setattr(log, "bundle", read)
    with pytest.raises(QueryCancelled if is_cancelled else Unavailable):
        find_texts(log, {FreeText("invoice"): np.arange(100 * SEGMENT)}, set(), control)
    assert log.bundles_read <= 6
