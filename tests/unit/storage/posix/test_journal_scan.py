"""What a crash does to the last group is a torn tail, and dropped; everything else is damage, and named."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged
from indelible.storage.posix.journal_format import SEGMENT_HEADER_SIZE, encode_group
from indelible.storage.posix.journal_reader import read_journal
from tests.unit.storage.posix.journals import JournalFolder, record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> JournalFolder:
    return JournalFolder(tmp_path)


def read(journal: JournalFolder) -> tuple[list[bytes], int]:
    """What a reader, who changes nothing, and then a writer, who drops a torn tail, make of a journal.

    Both must agree. Returns the entries, and how many bytes were dropped.
    """
    before = [path.read_bytes() for path in journal.files]
    with read_journal(journal.folder) as reader:
        seen = [entry for _, entry in reader.replay(0)]
        torn = reader.torn
    assert [path.read_bytes() for path in journal.files] == before
    writer = journal.open()
    entries = [entry for _, entry in writer.replay(0)]
    assert entries == seen
    assert [(tail.offset, tail.dropped) for tail in writer.recovered] == ([(torn.offset, torn.dropped)] if torn else [])
    writer.append(writer.end, [b"after"])
    assert [entry for _, entry in writer.replay(0)] == [*entries, b"after"]
    writer.close()
    with read_journal(journal.folder) as reader:
        assert reader.torn is None
    return entries, torn.dropped if torn else 0


def test_journal_cut_anywhere_keeps_its_whole_groups(journal: JournalFolder) -> None:
    """For every length of the file: the groups that are whole are kept, the rest is dropped and said."""
    groups = [1, 3, 2]
    entries = journal.fill(groups)
    (path,) = journal.files
    data = path.read_bytes()
    ends = [SEGMENT_HEADER_SIZE]
    for first, count in zip((0, 1, 4), groups, strict=True):
        ends.append(ends[-1] + len(encode_group(first, entries[first : first + count])))
    for length in range(SEGMENT_HEADER_SIZE, len(data) + 1):
        path.write_bytes(data[:length])
        whole = sum(end <= length for end in ends) - 1
        kept, dropped = read(journal)
        assert kept == entries[: sum(groups[:whole])]
        assert dropped == length - ends[whole]


def test_journal_cut_within_its_header_is_damaged(journal: JournalFolder) -> None:
    """A segment gets its name when its header is durable: no crash cuts that."""
    journal.fill([1])
    (path,) = journal.files
    data = path.read_bytes()
    for length in range(SEGMENT_HEADER_SIZE):
        path.write_bytes(data[:length])
        with pytest.raises(Damaged):
            read_journal(journal.folder)
        with pytest.raises(Damaged):
            journal.open()


@pytest.mark.parametrize("groups", [[1], [2, 1, 3]])
def test_journal_with_any_bit_flipped_is_damaged(journal: JournalFolder, groups: list[int]) -> None:
    """Every bit of every byte: nothing is dropped, nothing altered is believed, and file and place are named."""
    journal.fill(groups)
    (path,) = journal.files
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(Damaged) as caught:
            read_journal(journal.folder)
        assert caught.value.path == str(path)
        assert caught.value.offset is not None
        assert caught.value.offset <= bit // 8
    for bit in range(0, 8 * len(data), 37):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(Damaged):
            journal.open()
        assert path.read_bytes() == flipped


@pytest.mark.parametrize("before", [0, 1, 300, 421, 447, 448, 449, 470, 480, 487, 488, 489, 512, 1_000])
def test_journal_with_sectors_of_its_last_group_missing_is_torn(journal: JournalFolder, before: int) -> None:
    """Whichever sectors of the last group the crash has taken, wherever it begins: all of it is dropped."""
    if before:
        journal.fill([1], before)
    entries = journal.fill([3], 600)
    kept = entries[: len(entries) - 3]
    (path,) = journal.files
    data = path.read_bytes()
    start = SEGMENT_HEADER_SIZE + (len(encode_group(0, kept)) if kept else 0)
    sectors = [
        range(max(sector, start), min(sector + 512, len(data))) for sector in range(start // 512 * 512, len(data), 512)
    ]
    for count in range(1, len(sectors) + 1):
        for missing in itertools.combinations(sectors, count):
            torn = bytearray(data)
            for sector in missing:
                torn[sector.start : sector.stop] = bytes(len(sector))
            path.write_bytes(torn)
            assert read(journal) == (kept, len(data) - start)


def test_journal_with_a_sector_missing_before_its_last_group_is_damaged(journal: JournalFolder) -> None:
    """The next group was written after the last was durable, so no crash takes from an earlier one."""
    journal.fill([3, 1], 600)
    (path,) = journal.files
    data = path.read_bytes()
    end = SEGMENT_HEADER_SIZE + len(encode_group(0, [record(index, 600) for index in range(3)]))
    for start in (SEGMENT_HEADER_SIZE, *range(512, end - 512, 512)):
        stop = (start // 512 + 1) * 512
        path.write_bytes(data[:start] + bytes(stop - start) + data[stop:])
        with pytest.raises(Damaged) as caught:
            read_journal(journal.folder)
        assert "after it" in str(caught.value)
        with pytest.raises(Damaged):
            journal.open()


def test_journal_followed_by_what_is_no_group_is_damaged(journal: JournalFolder) -> None:
    """Bytes that nobody wrote: not the beginning of a group, and no zeros."""
    entries = journal.fill([2])
    (path,) = journal.files
    data = path.read_bytes()
    for more in (b"x", b"\xf7grq", b'{"n":1}' * 100, encode_group(3, [b"skips one"]), encode_group(0, entries)):
        path.write_bytes(data + more)
        with pytest.raises(Damaged):
            read_journal(journal.folder)


@pytest.mark.parametrize("zeros", [1, 31, 32, 100, 512, 5_000])
def test_journal_followed_by_zeros_is_torn(journal: JournalFolder, zeros: int) -> None:
    """The file has grown, and none of what should be there was written."""
    entries = journal.fill([2])
    (path,) = journal.files
    path.write_bytes(path.read_bytes() + bytes(zeros))
    assert read(journal) == (entries, zeros)


def test_journal_entry_that_looks_like_a_group_is_an_entry(journal: JournalFolder) -> None:
    """Within a group that is whole, bytes are bytes, whatever they look like."""
    inner = encode_group(1, [b"inner"])
    writer = journal.open()
    writer.append(0, [bytes(600) + inner])
    writer.close()
    assert read(journal)[0] == [bytes(600) + inner]


def test_journal_torn_in_front_of_a_later_group_is_damaged(journal: JournalFolder) -> None:
    """When the header is gone, nobody knows where the group ended: a later one behind it was acknowledged."""
    journal.open().close()
    (path,) = journal.files
    header = path.read_bytes()
    hole = bytes(2_000)
    for later in (encode_group(1, [b"later"]), encode_group(900, [b"much later"])):
        path.write_bytes(header + hole + later)
        with pytest.raises(Damaged, match="after it"):
            read_journal(journal.folder)
        with pytest.raises(Damaged, match="after it"):
            journal.open()
    for harmless in (b"\xf7grp" + b"by chance" * 10, b"\xf7grp", encode_group(0, [b"not later"])):
        path.write_bytes(header + hole + harmless)
        assert read(journal) == ([], len(hole) + len(harmless))
        path.write_bytes(header)


def test_torn_tail_says_what_happened(journal: JournalFolder) -> None:
    """The warning names file, place and size."""
    journal.fill([1])
    (path,) = journal.files
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b"\xf7grp")
    with read_journal(journal.folder) as reader:
        assert reader.torn is not None
        assert str(path) in reader.torn.message
        assert f"4 bytes from byte {size}" in reader.torn.message
