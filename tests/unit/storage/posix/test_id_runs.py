"""The id index over its whole life: memory, runs, merges, restarts, want of space."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from indelible.errors import Damaged, InternalError, ReadOnly
from indelible.storage.durable import Disk
from indelible.storage.posix import id_runs
from indelible.storage.posix.id_runs import PosixIds
from indelible.storage.posix.run_file import verify_run
from indelible.storage.posix.run_format import parse_run_name, run_name
from indelible.storage.posix.run_set import read_ids
from indelible.storage.posix.staging import Staging
from tests.crash.disk import Fault, FaultyCalls, KilledError
from tests.unit.storage.posix.test_run_file import make_ids, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TABLE = 64


class IdFolder:
    """A folder with an index, and one for its temporaries."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "ids"
        self.temporary = root / "tmp"
        for folder in (self.folder, self.temporary):
            folder.mkdir(exist_ok=True)

    def open(self, calls: FaultyCalls | None = None) -> PosixIds:
        staging = Staging(Disk(calls), self.temporary)
        staging.clean()
        return PosixIds.open(self.folder, staging, table=TABLE)

    @property
    def runs(self) -> list[tuple[int, int]]:
        return sorted(parse_run_name(path.name) or (-1, -1) for path in self.folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> IdFolder:
    return IdFolder(tmp_path)


def insert(index: PosixIds, ids: Sequence[bytes], step: int = 10) -> None:
    """Insert those of all ids that are not in, a few at a time."""
    while index.end < len(ids):
        index.insert(index.end, ids[index.end : index.end + step])


def test_id_runs_hold_every_id_through_flushes_and_merges(folder: IdFolder) -> None:
    """At every moment each inserted id is found, wherever it is just then."""
    ids = make_ids(3_000)
    index = folder.open()
    for end in range(10, 3_001, 10):
        index.insert(end - 10, ids[end - 10 : end])
        for start in {0, (end // 2 // 10) * 10, end - 10}:
            assert index.lookup(ids[start : start + 10]) == list(range(start, start + 10))
        assert index.lookup(make_ids(2, end)) == [None, None]
        assert index.watermark <= index.end == end
    index.close()
    assert index.watermark == 3_000
    assert len(folder.runs) <= 7 * 4
    for path in folder.folder.iterdir():
        verify_run(path)
    again = folder.open()
    assert (again.end, again.watermark) == (3_000, 3_000)
    assert again.lookup(ids) == list(range(3_000))
    again.close()
    assert list(folder.temporary.iterdir()) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread is killed, too
def test_id_runs_go_on_after_a_kill(folder: IdFolder) -> None:
    """What was not in a run is missing after a kill, from the watermark on and nowhere else."""
    ids = make_ids(1_000)
    calls = FaultyCalls({})
    index = folder.open(calls)
    insert(index, ids[:500])
    calls.dead = True
    with suppress(KilledError):  # when something was left to write
        index.close()
    again = folder.open()
    assert again.end == again.watermark <= 500
    assert again.lookup(ids[: again.end]) == list(range(again.end))
    insert(again, ids)
    assert again.lookup(ids) == list(range(1_000))
    again.close()


def test_id_runs_of_short_lived_writers_stay_few(folder: IdFolder) -> None:
    """A command that records one event and ends leaves a small run; the next ones merge them."""
    ids = make_ids(200)
    for end in range(1, 201):
        index = folder.open()
        index.insert(end - 1, ids[end - 1 : end])
        index.close()
        assert len(folder.runs) <= 7 * 3
    index = folder.open()
    assert index.lookup(ids) == list(range(200))
    index.close()


def test_id_runs_write_nothing_when_nothing_is_new(folder: IdFolder) -> None:
    """Opening and closing leaves the folder as it was."""
    index = folder.open()
    index.insert(0, make_ids(5))
    index.close()
    before = [(path.name, path.stat().st_mtime_ns) for path in folder.folder.iterdir()]
    for _ in range(3):
        folder.open().close()
    assert [(path.name, path.stat().st_mtime_ns) for path in folder.folder.iterdir()] == before


def test_id_runs_delete_what_a_merge_has_superseded(folder: IdFolder) -> None:
    """A crash between a merged run's name and the removal of its parts leaves both; the merged one counts."""
    ids = make_ids(300)
    write_run(folder.folder.parent, 0, ids[:100]).rename(folder.folder / run_name(0, 100))
    write_run(folder.folder.parent, 100, ids[100:200]).rename(folder.folder / run_name(100, 200))
    write_run(folder.folder.parent, 0, ids[:200]).rename(folder.folder / run_name(0, 200))
    write_run(folder.folder.parent, 200, ids[200:]).rename(folder.folder / run_name(200, 300))
    assert read_ids(folder.folder).lookup(ids) == list(range(300))
    assert len(folder.runs) == 4
    index = folder.open()
    assert folder.runs == [(0, 200), (200, 300)]
    assert index.lookup(ids) == list(range(300))
    index.close()


@pytest.mark.parametrize(
    "spans", [[(1, 2)], [(0, 2), (3, 4)], [(0, 2), (1, 4)], [(0, 2), (2, 4), (5, 6)], [(0, 5), (4, 8), (5, 8)]]
)
def test_id_runs_with_a_gap_are_damaged(folder: IdFolder, spans: list[tuple[int, int]]) -> None:
    """A run that is missing would let an id in twice; the remedy says what can be made again."""
    for first, end in spans:
        write_run(folder.folder.parent, first, make_ids(end - first, first)).rename(
            folder.folder / run_name(first, end)
        )
    for read in (folder.open, lambda: read_ids(folder.folder)):
        with pytest.raises(Damaged, match="from the log"):
            read()
    assert len(folder.runs) == len(spans), "nothing was deleted"


def test_id_runs_with_a_strange_file_are_damaged(folder: IdFolder) -> None:
    """A run whose name was changed is not left out in silence."""
    (folder.folder / "run.ids").write_bytes(b"")
    with pytest.raises(Damaged, match=r"run\.ids"):
        folder.open()
    (folder.folder / "run.ids").unlink()
    folder.folder.rmdir()
    with pytest.raises(Damaged):
        folder.open()
    with pytest.raises(Damaged):
        read_ids(folder.folder)


def test_id_runs_with_a_flipped_bit_are_damaged_at_the_start(folder: IdFolder) -> None:
    """The writer checks every run completely before it relies on it."""
    index = folder.open()
    index.insert(0, make_ids(50))
    index.close()
    (path,) = folder.folder.iterdir()
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        folder.open()
    assert caught.value.path == str(path)
    assert path.exists()


def test_id_runs_keep_ids_in_memory_while_there_is_no_space(folder: IdFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inserting goes on, everything is found, and runs are written when there is space again."""
    monkeypatch.setattr(id_runs, "_RETRY", 0.01)
    ids = make_ids(700)
    calls = Full()
    index = folder.open(calls)
    insert(index, ids)
    assert calls.refused.wait(30)
    assert index.watermark == 0
    assert index.lookup(ids) == list(range(700))
    calls.full = False
    index.close()
    assert index.watermark == 700
    again = folder.open()
    assert again.lookup(ids) == list(range(700))
    again.close()


def test_id_runs_fail_the_disk_when_too_many_ids_wait_for_space(folder: IdFolder) -> None:
    """Memory is bounded: at a limit the log takes nothing more, and says why."""
    ids = make_ids(TABLE * 20)
    staging = Staging(Disk(Full()), folder.temporary)
    index = PosixIds.open(folder.folder, staging, table=TABLE)
    insert(index, ids, TABLE)
    with pytest.raises(ReadOnly, match="no space for the id index"):
        staging.disk.check()
    assert index.lookup(ids) == list(range(len(ids)))
    index.close()


def test_id_runs_fail_the_disk_when_writing_them_fails(folder: IdFolder) -> None:
    """What happens on the background thread stops the log; ids are found all the same."""
    for fault in (Fault.EIO, Fault.SYNC_FAILS):
        ids = make_ids(1_000)
        staging = Staging(Disk(FaultyCalls(dict.fromkeys(range(1_000), fault))), folder.temporary)
        index = PosixIds.open(folder.folder, staging, table=TABLE)
        insert(index, ids)
        index.close()
        with pytest.raises(ReadOnly):
            staging.disk.check()
        assert index.lookup(ids) == list(range(1_000))


def test_id_runs_refuse_an_id_twice(folder: IdFolder) -> None:
    """Two entries with one id are a bug of the caller, caught here."""
    index = folder.open()
    ids = make_ids(5)
    with pytest.raises(InternalError, match="twice"):
        index.insert(0, [*ids, ids[2]])
    index.close()


def test_id_runs_can_be_looked_up_from_other_threads(folder: IdFolder) -> None:
    """While one thread inserts, and runs are flushed and merged, a lookup sees each inserted id."""
    ids = make_ids(4_000)
    index = folder.open()
    wrong: list[object] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            end = index.end
            found = index.lookup(ids[:end])
            if found != list(range(end)):
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    insert(index, ids, 7)
    done.set()
    for thread in threads:
        thread.join()
    index.close()
    assert wrong == []


class Full(FaultyCalls):
    """A disk on which no file can be made as long as it is full."""

    def __init__(self) -> None:
        super().__init__({})
        self.full = True
        self.refused = threading.Event()

    @override
    def create(self, path: Path, mode: int) -> int:
        if self.full:
            self.refused.set()
            self.faults = {len(self.acts): Fault.ENOSPC}
        return super().create(path, mode)
