"""Each failure of a durable act has one meaning, and nothing is tried again after one that is final."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from indelible.errors import ConfigurationError, Damaged, ReadOnly, StorageFull
from indelible.storage.durable import Disk
from indelible.storage.system_calls import linux_calls, mac_calls, system_calls
from tests.crash.disk import Fault, faulty_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_disk_creates_and_appends(tmp_path: Path) -> None:
    """What was written is there, in full, and each act is one call."""
    disk, calls = faulty_disk()
    file = disk.create(tmp_path / "new", b"one")
    disk.append(file, b"two", 3)
    disk.close(file)
    assert (tmp_path / "new").read_bytes() == b"onetwo"
    assert calls.acts == ["create", "write", "write", "datasync"]


def test_disk_never_creates_over_something(tmp_path: Path) -> None:
    """Neither a file nor a link, nor what a dangling link points to, is overwritten; and that is no failure."""
    disk = Disk()
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "dangling"):
        with pytest.raises(FileExistsError):
            disk.create(tmp_path / name, b"other")
        with pytest.raises(FileExistsError):
            disk.link(tmp_path / "file", tmp_path / name)
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()
    assert disk.failure is None


def test_disk_completes_short_writes(tmp_path: Path) -> None:
    """A write that the kernel cuts short goes on where it ended."""
    disk, calls = faulty_disk({2: Fault.SHORT_WRITE})
    file = disk.create(tmp_path / "new", b"one")
    disk.append(file, b"the rest of it", 3)
    disk.close(file)
    assert (tmp_path / "new").read_bytes() == b"onethe rest of it"
    assert calls.acts == ["create", "write", "write", "write", "datasync"]


def test_disk_gives_up_when_nothing_is_written(tmp_path: Path) -> None:
    """A write that neither fails nor writes is not tried for ever."""
    disk, calls = faulty_disk()
    calls.write = lambda *_: 0  # type: ignore[method-assign]
    with pytest.raises(ReadOnly):
        disk.create(tmp_path / "new", b"something")


def test_disk_undoes_an_append_for_which_there_is_no_space(tmp_path: Path) -> None:
    """The half that fitted is cut away durably, and the next append may succeed."""
    disk, calls = faulty_disk({2: Fault.SHORT_THEN_ENOSPC})
    file = disk.create(tmp_path / "new", b"one")
    with pytest.raises(StorageFull):
        disk.append(file, b"something long", 3)
    assert (tmp_path / "new").read_bytes() == b"one"
    assert calls.acts[2:] == ["write", "write", "truncate", "sync"]
    disk.append(file, b"two", 3)
    disk.close(file)
    assert (tmp_path / "new").read_bytes() == b"onetwo"
    assert disk.failure is None


@pytest.mark.parametrize("second", [{4: Fault.EIO}, {5: Fault.SYNC_FAILS}])
def test_disk_writes_no_more_when_undoing_fails(tmp_path: Path, second: dict[int, Fault]) -> None:
    """What cannot be cut away could pass for an append: nothing may follow it."""
    disk, _ = faulty_disk({2: Fault.SHORT_THEN_ENOSPC, **second})
    file = disk.create(tmp_path / "new", b"one")
    with pytest.raises(ReadOnly):
        disk.append(file, b"something long", 3)
    with pytest.raises(ReadOnly):
        disk.append(file, b"two", 3)
    disk.close(file)


def test_disk_leaves_no_file_for_which_there_is_no_space(tmp_path: Path) -> None:
    """A new file is there with all its bytes, or not at all."""
    disk, _ = faulty_disk({1: Fault.SHORT_THEN_ENOSPC})
    with pytest.raises(StorageFull):
        disk.create(tmp_path / "new", b"something")
    assert list(tmp_path.iterdir()) == []
    disk.close(disk.create(tmp_path / "new", b"something"))
    assert (tmp_path / "new").read_bytes() == b"something"


ACTS: dict[str, Callable[[Disk, Path], object]] = {
    "create": lambda disk, path: disk.close(disk.create(path / "new")),
    "write": lambda disk, path: disk.close(disk.create(path / "new", b"x")),
    "link": lambda disk, path: disk.link(path / "a", path / "c"),
    "replace": lambda disk, path: disk.replace(path / "a", path / "b"),
    "unlink": lambda disk, path: disk.unlink(path / "a"),
    "make_directory": lambda disk, path: disk.make_directory(path / "new"),
    "remove_directory": lambda disk, path: disk.remove_directory(path / "folder"),
    "sync": lambda disk, path: disk.sync(disk.open(path / "a")),
    "datasync": lambda disk, path: disk.append(disk.open(path / "a"), b"x", 0),
    "truncate": lambda disk, path: disk.truncate(disk.open(path / "a"), 0),
    "sync_directory": lambda disk, path: disk.sync_directory(path),
    "sync_file_system": lambda disk, path: disk.create_all([(path / f"{n}", b"") for n in range(50)]),
}


def prepared(folder: Path) -> Path:
    """A folder in which every act can be done."""
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_bytes(name.encode())
    (folder / "folder").mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return prepared(tmp_path / "prepared")


@pytest.mark.parametrize("act", sorted(ACTS))
def test_disk_is_read_only_for_good_after_a_failure(tmp_path: Path, act: str) -> None:
    """After a failed sync, or any failure but want of space, no act is done any more, and the first reason stays."""
    disk, calls = faulty_disk()
    ACTS[act](disk, prepared(tmp_path / "dry"))
    number = calls.acts.index(act)

    folder = prepared(tmp_path / "wet")
    fault = Fault.SYNC_FAILS if Fault.SYNC_FAILS.concerns(act) else Fault.EIO
    disk, calls = faulty_disk({number: fault})
    with pytest.raises(ReadOnly) as first:
        ACTS[act](disk, folder)
    done = len(calls.acts)
    for again in ACTS.values():
        with pytest.raises(ReadOnly) as later:
            again(disk, folder)
        assert str(later.value) == str(first.value)
    assert len(calls.acts) == done
    assert disk.failure == str(first.value)


@pytest.mark.parametrize("act", ["create", "link", "replace", "make_directory"])
def test_disk_goes_on_after_a_want_of_space(folder: Path, act: str) -> None:
    """No space is no failure of the disk: the same act may succeed later."""
    disk, _ = faulty_disk({0: Fault.ENOSPC})
    with pytest.raises(StorageFull):
        ACTS[act](disk, folder)
    ACTS[act](disk, folder)
    assert disk.failure is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_disk_trusts_no_sync_that_wanted_space(folder: Path, number: int) -> None:
    """A file system that finds out late that there is no space has lost what was written."""
    calls = system_calls("linux")

    def sync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    disk = Disk(type(calls)(datasync=sync, sync=sync))
    file = disk.open(folder / "a")
    with pytest.raises(ReadOnly):
        disk.append(file, b"x", 1)
    disk.close(file)
    with pytest.raises(ReadOnly):
        disk.check()


@pytest.mark.parametrize("count", [1, 7, 8, 100])
def test_disk_creates_many_files_durably(tmp_path: Path, count: int) -> None:
    """A few files are synced one by one, many by one syncfs where there is one; never is one left out."""
    files = [(tmp_path / f"{number}", b"%d" % number) for number in range(count)]
    disk, calls = faulty_disk()
    disk.create_all(files, mode=0o444)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == dict(files)
    assert {path.stat().st_mode & 0o222 for path in tmp_path.iterdir()} == {0}
    syncs = [act for act in calls.acts if "sync" in act]
    assert syncs == (["sync_file_system"] if count >= 8 and calls.syncs_file_systems else ["sync"] * count)


def test_disk_makes_directories_durable_with_their_names(tmp_path: Path) -> None:
    """The new directory and the one that names it are synced, also when it was there: a crash may have come between."""
    disk, calls = faulty_disk()
    for _ in range(2):
        calls.acts.clear()
        disk.make_directory(tmp_path / "new")
        assert calls.acts == ["make_directory", "sync_directory", "sync_directory"]
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "new")
    for name in ("file", "link"):
        with pytest.raises(Damaged):
            disk.make_directory(tmp_path / name)


def test_disk_removes_only_empty_directories(folder: Path) -> None:
    """What is not empty stays, and is no failure."""
    disk = Disk()
    (folder / "folder" / "file").write_bytes(b"")
    assert not disk.remove_directory(folder / "folder")
    disk.unlink(folder / "folder" / "file")
    disk.unlink(folder / "folder" / "file")
    assert disk.remove_directory(folder / "folder")
    assert not disk.remove_directory(folder / "folder")
    assert disk.failure is None


@pytest.mark.parametrize("platform", ["win32", "emscripten", "freebsd14", ""])
def test_system_calls_refuse_unknown_systems(platform: str) -> None:
    """Where it is not known how data is made durable, nothing is written."""
    with pytest.raises(ConfigurationError):
        system_calls(platform)


@pytest.mark.parametrize(
    ("release", "usable"),
    [
        ("5.8.0", True),
        ("5.7.19", False),
        ("4.19.0-6-amd64", False),
        ("6.1.0-13-cloud", True),
        ("10.0", True),
        ("x", False),
    ],
)
def test_linux_calls_use_syncfs_only_where_it_reports_errors(release: str, usable: bool) -> None:
    """Before Linux 5.8 syncfs returned success when data had been lost."""
    assert linux_calls(release).syncs_file_systems is usable


def test_mac_calls_have_no_syncfs(tmp_path: Path) -> None:
    """On macOS each file is flushed by itself, by F_FULLFSYNC, which another system does not know."""
    calls = mac_calls()
    assert not calls.syncs_file_systems
    descriptor = calls.create(tmp_path / "file", 0o644)
    with pytest.raises(OSError, match=r"."):
        calls.sync_file_system(descriptor)
    calls.close(descriptor)
