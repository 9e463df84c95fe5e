"""Segments of the journal: begun between groups, deleted when nobody needs them, sorted out after a crash."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, InternalError, ReadOnly, StorageFull
from indelible.storage.posix.journal_format import (
    MAX_COUNT,
    SEGMENT_HEADER_SIZE,
    encode_group,
    encode_segment_header,
    segment_name,
)
from indelible.storage.posix.journal_reader import read_journal
from tests.crash.disk import Fault, FaultyCalls
from tests.unit.storage.posix.journals import JournalFolder, record

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.storage.posix.journal import PosixJournal

SMALL = 2_000
"""Bytes of a segment in these tests."""


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder(tmp_path)


def append(journal: PosixJournal, count: int, size: int = 40) -> None:
    end = journal.end
    journal.append(end, [record(index, size) for index in range(end, end + count)])


def names(folder: JournalFolder) -> list[int]:
    return [int(path.stem) for path in folder.files]


def segment(folder: JournalFolder, first: int, *groups: int, size: int = 40) -> Path:
    """Write a segment as it stands after these groups."""
    data = encode_segment_header(first)
    for count in groups:
        data += encode_group(first, [record(index, size) for index in range(first, first + count)])
        first += count
    path = folder.folder / segment_name(first - sum(groups))
    path.write_bytes(data)
    return path


def contents(journal: PosixJournal) -> list[tuple[int, bytes]]:
    return list(journal.replay(0))


def expected(start: int, end: int) -> list[tuple[int, bytes]]:
    return [(index, record(index)) for index in range(start, end)]


def test_journal_appends_with_one_write_and_one_sync(folder: JournalFolder) -> None:
    """A group costs two acts, however large it is."""
    calls = FaultyCalls({})
    journal = folder.open(calls)
    calls.acts.clear()
    append(journal, 1)
    append(journal, 1_000)
    assert calls.acts == ["write", "datasync"] * 2
    journal.close()


def test_journal_refuses_groups_beyond_bounds(folder: JournalFolder) -> None:
    """What a reader would not believe is not written."""
    journal = folder.open()
    with pytest.raises(InternalError):
        journal.append(0, [b""] * (MAX_COUNT + 1))
    assert journal.end == 0
    journal.close()


def test_journal_begins_a_segment_when_the_active_one_is_large(folder: JournalFolder) -> None:
    """Segments begin between groups, under the index of their first entry, and read on across them."""
    journal = folder.open(segment_bytes=SMALL)
    for _ in range(10):
        append(journal, 30)
    assert names(folder) == [0, 60, 120, 180, 240]
    assert contents(journal) == expected(0, 300)
    assert list(journal.replay(125)) == expected(125, 300)
    journal.close()
    journal = folder.open()
    assert contents(journal) == expected(0, 300)
    journal.close()
    assert list(folder.temporary.iterdir()) == []


def test_journal_trim_deletes_the_segments_below(folder: JournalFolder) -> None:
    """A segment goes when the next one begins at or below the trim point; the active one stays."""
    journal = folder.open(segment_bytes=SMALL)
    for _ in range(10):
        append(journal, 32)
    assert names(folder) == [0, 64, 128, 192, 256]
    journal.trim(0)
    assert names(folder) == [0, 64, 128, 192, 256]
    journal.trim(191)
    assert names(folder) == [128, 192, 256]
    journal.trim(192)
    assert (names(folder), journal.start) == ([192, 256], 192)
    journal.trim(320)
    assert (names(folder), journal.start, journal.end) == ([256], 256, 320)
    append(journal, 1)
    assert contents(journal) == expected(256, 321)
    journal.close()


def test_journal_trim_copies_what_an_idle_log_still_needs(folder: JournalFolder) -> None:
    """When little of a large segment is needed, only that stays on disk."""
    journal = folder.open()
    for _ in range(3):
        append(journal, 256, 3_000)
    append(journal, 40, 3_000)
    journal.trim(256)
    assert names(folder) == [0], "most of it is still needed"
    journal.trim(768)
    assert names(folder) == [768]
    assert sum(path.stat().st_size for path in folder.files) < 41 * 3_100
    assert list(journal.replay(0)) == [(index, record(index, 3_000)) for index in range(768, 808)]
    append(journal, 5)
    journal.close()
    journal = folder.open()
    assert (journal.start, journal.end) == (768, 813)
    journal.close()


def test_journal_trim_copies_what_is_needed_of_two_segments(folder: JournalFolder) -> None:
    """Also when the last entries happen to lie on both sides of a rotation."""
    journal = folder.open(segment_bytes=2_400_000)
    append(journal, 800, 3_000)
    append(journal, 40, 3_000)
    assert names(folder) == [0, 800]
    journal.trim(768)
    assert names(folder) == [768]
    assert list(journal.replay(0)) == [(index, record(index, 3_000)) for index in range(768, 840)]
    journal.close()


def test_journal_trim_to_the_end_leaves_an_empty_segment(folder: JournalFolder) -> None:
    """The end of an empty journal is remembered by the name of its segment."""
    journal = folder.open()
    append(journal, 512, 3_000)
    journal.trim(512)
    assert (names(folder), journal.start, journal.end) == ([512], 512, 512)
    assert folder.files[0].stat().st_size == SEGMENT_HEADER_SIZE
    journal.close()
    journal = folder.open()
    assert (journal.start, journal.end) == (512, 512)
    append(journal, 1)
    assert contents(journal) == expected(512, 513)
    journal.close()


@pytest.mark.parametrize(
    ("segments", "kept", "bounds"),
    [
        ([(0, [4, 4]), (6, [2])], [0], (0, 8)),
        ([(0, [4, 4]), (6, [2, 1])], [6], (6, 9)),
        ([(0, [4, 4]), (8, [])], [0], (0, 8)),
        ([(0, [4, 4]), (8, [1])], [0, 8], (0, 9)),
        ([(0, [4, 4]), (6, [5]), (8, [3])], [6], (6, 11)),
        ([(6, [5]), (8, [3])], [6], (6, 11)),
        ([(0, [4, 4]), (8, [3]), (11, [])], [0, 8], (0, 11)),
    ],
)
def test_journal_resolves_segments_that_a_crash_left_overlapping(
    folder: JournalFolder, segments: list[tuple[int, list[int]]], kept: list[int], bounds: tuple[int, int]
) -> None:
    """The segment that reaches furthest counts, and what it supersedes is deleted by the writer, not by a reader."""
    for first, groups in segments:
        segment(folder, first, *groups)
    before = names(folder)
    with read_journal(folder.folder) as reader:
        assert (reader.start, reader.end) == bounds
        assert list(reader.replay(0)) == expected(*bounds)
    assert names(folder) == before
    journal = folder.open()
    assert contents(journal) == expected(*bounds)
    assert names(folder) == kept
    append(journal, 1)
    assert contents(journal) == expected(bounds[0], bounds[1] + 1)
    journal.close()


def test_journal_with_a_gap_is_damaged(folder: JournalFolder) -> None:
    """No crash takes a segment out of the middle."""
    segment(folder, 0, 4)
    segment(folder, 5, 4)
    with pytest.raises(Damaged, match=r"\[4, 5\)"):
        folder.open()
    with pytest.raises(Damaged, match=r"\[4, 5\)"):
        read_journal(folder.folder)


def test_journal_with_two_truths_is_damaged(folder: JournalFolder) -> None:
    """An old segment that was put back, and says otherwise than the newer one, is not deleted in silence."""
    segment(folder, 0, 8, size=50)
    path = segment(folder, 6, 3)
    with pytest.raises(Damaged, match="entry 6"):
        folder.open()
    assert path.exists()
    assert names(folder) == [0, 6]


def test_journal_torn_before_its_last_segment_is_damaged(folder: JournalFolder) -> None:
    """A segment is begun only after the one before it is complete."""
    first = segment(folder, 0, 4)
    segment(folder, 4, 4)
    first.write_bytes(first.read_bytes() + b"\xf7grp")
    with pytest.raises(Damaged):
        folder.open()


def test_journal_segment_under_another_name_is_damaged(folder: JournalFolder) -> None:
    """Name and header must say the same; a name that says nothing is no segment."""
    path = segment(folder, 0, 4)
    shutil.copy(path, folder.folder / segment_name(4))
    with pytest.raises(Damaged, match="begins with entry 0"):
        folder.open()
    (folder.folder / segment_name(4)).rename(folder.folder / "4.journal")
    with pytest.raises(Damaged, match=r"4\.journal"):
        folder.open()


def test_journal_that_has_lost_its_segments_is_damaged(folder: JournalFolder) -> None:
    """An empty folder is a journal only when a log is created."""
    with pytest.raises(Damaged):
        read_journal(folder.folder)
    with pytest.raises(Damaged):
        read_journal(folder.root / "nowhere")


def test_journal_takes_the_next_group_after_a_want_of_space(folder: JournalFolder) -> None:
    """Nothing of the refused group is there, also when a new segment was due."""
    for size in (16 << 20, SMALL):
        for fault in (Fault.ENOSPC, Fault.SHORT_THEN_ENOSPC):
            calls = FaultyCalls({})
            journal = folder.open(calls, segment_bytes=size)
            append(journal, 60)
            end = journal.end
            number = len(calls.acts)
            calls.faults = {number: fault, number + 1: fault}
            with pytest.raises(StorageFull):
                append(journal, 60)
            assert journal.end == end
            calls.faults = {}
            append(journal, 7)
            assert contents(journal) == expected(0, end + 7)
            journal.close()


def test_journal_is_read_only_after_a_failed_sync(folder: JournalFolder) -> None:
    """It is unknown whether the group is there; so nothing follows it until a restart has looked."""
    journal = folder.open(FaultyCalls({}))
    append(journal, 1)
    journal.close()
    calls = FaultyCalls({1: Fault.SYNC_FAILS})
    journal = folder.open(calls)
    for _ in range(2):
        with pytest.raises(ReadOnly):
            append(journal, 2)
    assert contents(journal) == expected(0, 1)
    journal.close()
    journal = folder.open()
    assert contents(journal) in (expected(0, 1), expected(0, 3))
    journal.close()


def test_reader_keeps_what_it_opened(folder: JournalFolder) -> None:
    """The writer may append and trim; a reader goes on with the journal as it was."""
    journal = folder.open(segment_bytes=SMALL)
    for _ in range(4):
        append(journal, 32)
    with read_journal(folder.folder) as reader:
        for _ in range(4):
            append(journal, 32)
        journal.trim(256)
        assert (reader.start, reader.end, reader.torn) == (0, 128, None)
        assert list(reader.replay(0)) == expected(0, 128)
    journal.close()
