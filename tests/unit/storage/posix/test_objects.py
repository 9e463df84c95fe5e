"""A log's folder: read-only files under the paths of tlog-tiles, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from indelible.errors import ConfigurationError, Damaged, NotFound
from indelible.storage.durable import Disk
from indelible.storage.posix.immutable import check_immutable, set_immutable
from indelible.storage.posix.objects import MAX_OBJECT, PosixObjectReader, PosixObjects
from indelible.storage.posix.staging import Staging
from tests.crash.disk import FaultyCalls, KilledError, faulty_disk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path / "log"


def objects_in(root: Path, disk: Disk | None = None, *, immutable: bool = False) -> PosixObjects:
    return PosixObjects(root, Staging(disk or Disk(), root.parent / "tmp"), immutable=immutable)


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_objects_are_read_only_files_and_nothing_else(root: Path) -> None:
    """Any static file server can serve the folder; there are no temporaries in it."""
    objects = objects_in(root)
    old = os.umask(0o022)
    try:
        objects.put([("tile/0/000", b"tile"), ("tile/entries/x001/234.p/5", b"bundle")])
        objects.publish(b"checkpoint")
    finally:
        os.umask(old)
    assert files_in(root) == ["checkpoint", "tile/0/000", "tile/entries/x001/234.p/5"]
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()} == {0o444}
    assert list((root.parent / "tmp").iterdir()) == []


def test_objects_are_synced_before_they_are_linked(root: Path) -> None:
    """Data first, then names, then each folder once."""
    disk, calls = faulty_disk()
    objects = objects_in(root, disk)
    objects.put([("tile/0/000", b"first")])
    calls.acts.clear()
    objects.put([("tile/0/001", b"one"), ("tile/0/002", b"two"), ("tile/0/003", b"three")])
    written = ["create", "write", "sync"] * 3
    assert calls.acts == [*written, "link", "link", "link", "unlink", "unlink", "unlink", "sync_directory"]
    calls.acts.clear()
    objects.put([(f"tile/0/{number:03d}", b"many") for number in range(100, 200)])
    if calls.syncs_file_systems:
        assert calls.acts.count("sync_file_system") == 1
        assert "sync" not in calls.acts
    assert calls.acts.count("sync_directory") == 1


def test_objects_follow_no_links(root: Path) -> None:
    """A symbolic link in the place of an object is not what was written."""
    outside = root.parent / "secret"
    outside.write_bytes(b"secret")
    (root / "tile" / "0").mkdir(parents=True)
    (root / "tile" / "0" / "000").symlink_to(outside)
    (root / "tile" / "1").symlink_to(root.parent)
    objects = objects_in(root)
    with pytest.raises(Damaged):
        objects.get("tile/0/000")
    with pytest.raises(Damaged):
        objects.put([("tile/0/000", b"other")])
    with pytest.raises(Damaged):
        objects.put([("tile/1/000", b"elsewhere")])
    assert outside.read_bytes() == b"secret"
    assert not (root.parent / "000").exists()
    objects.put([("tile/0/000", b"other")], replace=True)
    assert objects.get("tile/0/000") == b"other"
    assert outside.read_bytes() == b"secret"


def test_objects_read_no_more_than_an_object(root: Path) -> None:
    """A file that is larger than anything in a log is not read into memory; nor is waited for a pipe."""
    (root / "tile" / "0").mkdir(parents=True)
    with (root / "tile" / "0" / "000").open("wb") as file:
        file.truncate(MAX_OBJECT + 1)
    os.mkfifo(root / "tile" / "0" / "001")
    (root / "tile" / "0" / "002").mkdir()
    reader = PosixObjectReader(root)
    for path in ("tile/0/000", "tile/0/001", "tile/0/002"):
        with pytest.raises(Damaged):
            reader.get(path)
    with pytest.raises(NotFound):
        reader.get("tile/0/002.p/1")


def test_objects_list_leaves_out_what_is_no_object(root: Path) -> None:
    """Foreign files are the verifier's business; here they are no objects."""
    objects = objects_in(root)
    objects.put([("tile/0/000", b"tile")])
    (root / "README").write_bytes(b"")
    (root / "tile" / "0" / "x").write_bytes(b"")
    assert list(objects.list("")) == ["tile/0/000"]


def test_objects_delete_leaves_no_empty_folders(root: Path) -> None:
    """The folder of a tile's partial objects goes with the last of them, and comes back when needed."""
    objects = objects_in(root)
    partial = [("tile/0/000.p/5", b"five"), ("tile/0/000.p/6", b"six")]
    objects.put([*partial, ("tile/0/000", b"full")])
    objects.delete(["tile/0/000.p/5"])
    assert (root / "tile/0/000.p").is_dir()
    objects.delete(["tile/0/000.p/6"])
    assert sorted(path.name for path in (root / "tile/0").iterdir()) == ["000"]
    objects.put(partial)
    assert objects.get("tile/0/000.p/6") == b"six"


def test_objects_make_folders_once(root: Path) -> None:
    """What is known to be durable is not synced again."""
    disk, calls = faulty_disk()
    objects = objects_in(root, disk)
    for number in range(3):
        objects.put([(f"tile/entries/x001/{number:03d}", b"")])
    assert calls.acts.count("make_directory") == 3


def _flags_work(folder: Path) -> bool:
    try:
        check_immutable(Staging(Disk(), folder))
    except ConfigurationError:
        return False
    return True


def test_objects_that_are_full_can_be_immutable(root: Path) -> None:
    """Nothing short of clearing the flag changes a full tile; recovery clears it, and partial ones have none."""
    if not _flags_work(root.parent / "tmp"):
        with pytest.raises(ConfigurationError, match="CAP_LINUX_IMMUTABLE"):
            check_immutable(Staging(Disk(), root.parent / "tmp"))
        return
    objects = objects_in(root, immutable=True)
    path = root / "tile/0/000"
    try:
        objects.put([("tile/0/000", b"full"), ("tile/0/001.p/5", b"partial")])
        with pytest.raises(PermissionError):
            path.unlink()
        with pytest.raises(PermissionError):
            path.open("ab")
        objects.put([("tile/0/000", b"full")])
        objects.delete(["tile/0/001.p/5"])
        objects.put([("tile/0/000", b"recovered")], replace=True)
        assert objects.get("tile/0/000") == b"recovered"
        with pytest.raises(PermissionError):
            path.chmod(0o666)
    finally:
        set_immutable(Disk(), path, immutable=False)


WITHOUT_THE_CAPABILITY = """
import os
from pathlib import Path
from indelible.errors import ConfigurationError
from indelible.storage.durable import Disk
from indelible.storage.posix.immutable import check_immutable
from indelible.storage.posix.staging import Staging
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    check_immutable(Staging(Disk(), Path()))
except ConfigurationError as error:
    print(error)
"""


def test_immutable_is_refused_without_the_capability(root: Path) -> None:
    """At the start, with what is missing, and nothing left behind."""
    temporary = root.parent / "tmp"
    temporary.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_CAPABILITY], cwd=temporary, check=True, capture_output=True, text=True
    )
    assert "CAP_LINUX_IMMUTABLE" in done.stdout
    assert list(temporary.iterdir()) == []


def test_immutable_is_refused_on_other_systems(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Linux has the flag."""
    staging = Staging(Disk(), root.parent / "tmp")
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(ConfigurationError, match="immutable flag"):
        check_immutable(staging)


def test_objects_use_only_acts_of_the_disk(root: Path) -> None:
    """A dead disk writes nothing: no byte goes around it."""
    calls = FaultyCalls({})
    objects = objects_in(root, Disk(calls))
    objects.put([("tile/0/000", b"tile")])
    before = files_in(root.parent)
    calls.dead = True
    with pytest.raises(KilledError):
        objects.put([("tile/0/001", b"tile")])
    with pytest.raises(KilledError):
        objects.delete(["tile/0/000.p/1"])
    with pytest.raises(KilledError):
        objects.publish(b"checkpoint")
    assert files_in(root.parent) == before
