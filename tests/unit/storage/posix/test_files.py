"""Reading beside a writer: again while the folder changes, and no longer than that."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, Unavailable
from indelible.storage.posix.files import read_steadily
from indelible.storage.posix.journal_reader import read_journal
from indelible.storage.posix.run_set import read_ids
from tests.crash.disk import FaultyCalls
from tests.unit.storage.posix.journals import JournalFolder, record
from tests.unit.storage.posix.test_id_runs import IdFolder
from tests.unit.storage.posix.test_run_file import make_ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_reading_is_tried_again_only_after_a_change(tmp_path: Path) -> None:
    """Damage that stays is read once."""
    reads = []

    def damaged(folder: Path) -> None:
        reads.append(folder)
        raise Damaged("wrong", path=folder, remedy="none")

    with pytest.raises(Damaged):
        read_steadily(tmp_path, damaged)
    assert len(reads) == 1

    def damaged_until_it_changes(folder: Path) -> str:
        if not (folder / "file").exists():
            (folder / "file").write_bytes(b"")
            damaged(folder)
        return "read"

    assert read_steadily(tmp_path, damaged_until_it_changes) == "read"


def test_reading_is_given_up_when_nothing_ever_stands_still(tmp_path: Path) -> None:
    """A folder that changes at every attempt is no damage, and no endless loop."""

    def never_the_same(folder: Path) -> None:
        (folder / f"{len(list(folder.iterdir()))}").write_bytes(b"")
        raise FileNotFoundError

    with pytest.raises(Unavailable):
        read_steadily(tmp_path, never_the_same)
    with pytest.raises(Damaged):
        read_steadily(tmp_path / "nowhere", lambda folder: list(folder.iterdir()))


def beside(write: Callable[[], None], read: Callable[[], None]) -> int:
    """Read again and again while ``write`` runs; returns how often."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            write()
        except BaseException as error:  # noqa: BLE001 - raised again below, on the test's own thread
            failed.append(error)

    writer = threading.Thread(target=run)
    writer.start()
    reads = 0
    while writer.is_alive():
        read()
        reads += 1
    writer.join()
    for error in failed:
        raise error
    return reads


def test_journal_is_read_beside_a_writer(tmp_path: Path) -> None:
    """Whatever the writer is doing, a reader sees whole groups, and all that was acknowledged before it looked."""
    folder = JournalFolder(tmp_path)
    journal = folder.open(FaultyCalls({}), segment_bytes=5_000)

    def write() -> None:
        for _ in range(300):
            end = journal.end
            journal.append(end, [record(index) for index in range(end, end + 13)])
            journal.trim(max(0, journal.end - 100) // 16 * 16)

    def read() -> None:
        acknowledged = journal.end
        with read_journal(folder.folder) as reader:
            assert reader.end >= acknowledged
            assert list(reader.replay(0)) == [(index, record(index)) for index in range(reader.start, reader.end)]
            assert reader.end % 13 == 0

    assert beside(write, read) > 0
    journal.close()


def test_id_runs_are_read_beside_a_writer(tmp_path: Path) -> None:
    """Merging takes files away, and a reader still finds every id that was durable before it looked."""
    folder = IdFolder(tmp_path)
    ids = make_ids(6_000)
    index = folder.open(FaultyCalls({}))

    def write() -> None:
        for start in range(0, 6_000, 16):
            index.insert(start, ids[start : start + 16])

    def read() -> None:
        watermark = index.watermark
        reader = read_ids(folder.folder)
        assert reader.end >= watermark
        assert reader.lookup(ids[: reader.end]) == list(range(reader.end))

    assert beside(write, read) > 0
    index.close()
