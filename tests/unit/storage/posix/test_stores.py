"""A log's four stores are made together, by an explicit act, and none of them is missed in silence."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from indelible.errors import Damaged, NotFound, ReadOnly, UsageError
from indelible.storage.durable import Disk
from indelible.storage.posix import LogPaths, PosixStores, read_checkpoint_state, read_ids, read_journal
from indelible.storage.posix.objects import PosixObjectReader
from tests.contract.states import state
from tests.crash.disk import FaultyCalls

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def paths(tmp_path: Path) -> LogPaths:
    """A log with one entry, one object and a state, closed."""
    stores = PosixStores.create(tmp_path, "main")
    stores.checkpoints.swap(None, state(0))
    stores.journal.append(0, [b"entry"])
    stores.ids.insert(0, [bytes(16)])
    stores.objects.put([("tile/0/000.p/1", bytes(32))])
    stores.close()
    return LogPaths(tmp_path, "main")


def test_stores_lie_where_the_architecture_says(paths: LogPaths) -> None:
    """The log's folder holds nothing but the log; journal and state lie apart from it."""
    found = sorted(str(path.relative_to(paths.data)) for path in paths.data.rglob("*") if path.is_file())
    assert found == [
        f"journal/main/{0:020d}.journal",
        "logs/main/tile/0/000.p/1",
        "state/main/checkpoint-state",
        f"state/main/ids/{0:020d}-{1:020d}.ids",
    ]


def test_stores_are_created_once(paths: LogPaths) -> None:
    """A log that is there is not made again, and nothing of it is touched."""
    before = {path: path.stat().st_mtime_ns for path in paths.data.rglob("*")}
    with pytest.raises(UsageError):
        PosixStores.create(paths.data, "main")
    assert {path: path.stat().st_mtime_ns for path in paths.data.rglob("*")} == before


def test_stores_of_a_creation_that_was_cut_short_are_created_again(tmp_path: Path) -> None:
    """Until the first checkpoint state there is no log; its folders do no harm."""
    for _ in range(2):
        PosixStores.create(tmp_path, "main").close()
    PosixStores.open(tmp_path, "main").close()


def test_stores_are_not_created_over_remains(paths: LogPaths) -> None:
    """A log that has lost its state is not begun again from nothing over its own entries."""
    paths.checkpoint_state.unlink()
    with pytest.raises(UsageError, match="left of a log"):
        PosixStores.create(paths.data, "main")
    with pytest.raises(Damaged, match="checkpoint-state"):
        PosixStores.open(paths.data, "main")


@pytest.mark.parametrize("folder", ["objects", "journal", "ids"])
def test_stores_miss_a_folder_that_is_gone(paths: LogPaths, folder: str) -> None:
    """None of them is made again in silence."""
    shutil.rmtree(getattr(paths, folder))
    with pytest.raises(Damaged) as caught:
        PosixStores.open(paths.data, "main")
    assert caught.value.path == str(getattr(paths, folder))


def test_stores_of_an_unknown_log_are_not_found(paths: LogPaths) -> None:
    """Asking for a log does not make one."""
    with pytest.raises(NotFound):
        PosixStores.open(paths.data, "other")
    assert sorted(path.name for path in (paths.data / "state").iterdir()) == ["main"]


@pytest.mark.parametrize("name", ["", ".", "..", "../main", "a/b", "A", "-a", "a" * 64, "a\n", "a\x00"])
def test_stores_refuse_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    """A log's name is a folder's name, so it is checked before it is one."""
    for make in (PosixStores.create, PosixStores.open):
        with pytest.raises(UsageError):
            make(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_stores_remove_what_a_crash_left_in_the_temporaries(paths: LogPaths) -> None:
    """Temporaries mean nothing after a start; a folder of temporaries that is gone is made again."""
    (paths.temporary / "7").write_bytes(b"half")
    PosixStores.open(paths.data, "main").close()
    assert list(paths.temporary.iterdir()) == []
    paths.temporary.rmdir()
    PosixStores.open(paths.data, "main").close()


def test_stores_report_what_was_recovered(paths: LogPaths) -> None:
    """The caller is told of a torn tail once; after that it is gone."""
    (segment,) = paths.journal.iterdir()
    segment.write_bytes(segment.read_bytes() + bytes(100))
    stores = PosixStores.open(paths.data, "main")
    assert [tail.dropped for tail in stores.recovered] == [100]
    stores.close()
    stores = PosixStores.open(paths.data, "main")
    assert stores.recovered == ()
    stores.close()


def test_stores_share_one_disk(paths: LogPaths) -> None:
    """A failure in one of them stops all of them."""
    disk = Disk(FaultyCalls({}))
    stores = PosixStores.open(paths.data, "main", disk=disk)
    disk.fail("something happened to the disk")
    with pytest.raises(ReadOnly, match="something happened"):
        stores.journal.append(1, [b"x"])
    with pytest.raises(ReadOnly, match="something happened"):
        stores.objects.publish(b"x")
    with pytest.raises(ReadOnly, match="something happened"):
        stores.checkpoints.swap(state(0), state(1))
    stores.close()


def test_readers_need_no_permission_to_write(paths: LogPaths) -> None:
    """Everything can be read from a copy, and beside a writer, without changing a byte."""
    stores = PosixStores.open(paths.data, "main")
    stores.journal.append(1, [b"more"])
    before = {path: path.stat().st_mtime_ns for path in paths.data.rglob("*")}
    with read_journal(paths.journal) as journal:
        assert list(journal.replay(0)) == [(0, b"entry"), (1, b"more")]
    assert read_ids(paths.ids).lookup([bytes(16), bytes(15) + b"x"]) == [0, None]
    assert read_ids(paths.ids).end == 1
    assert read_checkpoint_state(paths.checkpoint_state) == state(0)
    assert PosixObjectReader(paths.objects).get("tile/0/000.p/1") == bytes(32)
    assert {path: path.stat().st_mtime_ns for path in paths.data.rglob("*")} == before
    stores.close()
