"""Backups: whole, of one moment, verified, and honest about what they are."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.access import ApiKeys, Grant
from indelible.control import ControlStore
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from indelible.embedded.data_directory import SYSTEM_LOG
from indelible.errors import IntegrityError, NotFound, UsageError
from indelible.operations.backup import back_up
from indelible.operations.manifest import MANIFEST, SUMS, Manifest, check_sums, files_below
from indelible.operations.snapshot import LogSnapshot, object_count
from indelible.storage.posix import LogPaths
from tests.unit.operations.conftest import record

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.trust.pins import Pins


def test_backup_is_a_data_directory_that_can_be_continued(data: Path, tmp_path: Path, pins: Pins) -> None:
    """The copy opens, has every entry, and takes new ones at the next index."""
    made = back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    (tmp_path / "backup" / MANIFEST).unlink()
    (tmp_path / "backup" / SUMS).unlink()
    with indelible.open(tmp_path / "backup") as log:
        assert log.get(299).record["metadata"] == {"n": 299}
        assert log.record("thing.done", actor="user:eve").index == 300
    assert {log.log: log.size for log in made.manifest.logs} == {"main": 300, "_system": 2}
    assert made.report.exit_status() == 0


def test_backup_can_be_checked_without_indelible(data: Path, tmp_path: Path, pins: Pins) -> None:
    """By sha256sum; and every file but the list itself is in the list."""
    back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=tmp_path / "backup", check=True)
    assert set(check_sums(tmp_path / "backup")) == set(files_below(tmp_path / "backup")) - {SUMS}


def test_backup_is_private(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Others than its owner reach nothing of it: there are keys in it."""
    back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    keys = [path for path in (tmp_path / "backup" / "keys").rglob("*") if path.is_file()]
    assert keys
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)


def test_backup_without_keys_has_none(data: Path, tmp_path: Path, pins: Pins) -> None:
    """No private key anywhere in it, and it says so."""
    made = back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins, keys=False)
    assert made.left_out["keys"] == "by your wish"
    assert not Manifest.load(tmp_path / "backup").keys
    content = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in content


def test_backup_names_what_it_left_out(data: Path, tmp_path: Path, pins: Pins) -> None:
    """What is derived, and what is not ours."""
    (data / "index" / "main").mkdir(parents=True)
    (data / "reserve").mkdir(exist_ok=True)
    (data / "notes.txt").write_text("mine")
    made = back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    assert set(made.left_out) == {"index", "lock", "reserve", "notes.txt"}


def test_backup_shares_with_the_one_before_what_never_changes(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Full tiles and bundles are one file on the disk; everything else is the new backup's own."""
    back_up(DataDirectory.open(data), tmp_path / "first", pins=pins)
    with indelible.open(data) as log:
        record(log, 300, 310)
    made = back_up(DataDirectory.open(data), tmp_path / "second", pins=pins, previous=tmp_path / "first")
    assert made.reused == 2  # one bundle, one tile
    bundle = "logs/main/tile/entries/000"
    assert (tmp_path / "first" / bundle).samefile(tmp_path / "second" / bundle)
    checkpoint = "logs/main/checkpoint"
    assert not (tmp_path / "first" / checkpoint).samefile(tmp_path / "second" / checkpoint)
    check_sums(tmp_path / "second")


def test_backup_of_an_altered_log_is_refused(data: Path, tmp_path: Path, pins: Pins) -> None:
    """A copy of damage is no backup: it is found now, while an older one is still good."""
    bundle = data / "logs" / "main" / "tile" / "entries" / "000"
    altered = bytearray(bundle.read_bytes())
    altered[1_000] ^= 1
    bundle.unlink()
    bundle.write_bytes(altered)
    with pytest.raises(IntegrityError, match="does not verify"):
        back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    assert not list(tmp_path.glob("backup*"))


def test_backup_shares_no_altered_file(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Whoever altered the earlier backup does not alter this one unnoticed."""
    back_up(DataDirectory.open(data), tmp_path / "first", pins=pins)
    bundle = tmp_path / "first" / "logs" / "main" / "tile" / "entries" / "000"
    bundle.chmod(0o600)
    bundle.write_bytes(bundle.read_bytes().replace(b"user", b"uber"))
    with pytest.raises(IntegrityError, match="does not verify"):
        back_up(DataDirectory.open(data), tmp_path / "second", pins=pins, previous=tmp_path / "first")


def test_backup_writes_over_nothing(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Least of all over another backup; what a crash left of one is in nobody's way."""
    (tmp_path / "backup.partial").mkdir()
    (tmp_path / "backup.partial" / "rest").write_text("of a crash")
    back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    assert not (tmp_path / "backup" / "rest").exists()
    with pytest.raises(UsageError, match="exists already"):
        back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)


def test_manifest_is_what_makes_a_folder_a_backup(data: Path) -> None:
    """A plain copy is not taken for one."""
    with pytest.raises(NotFound, match="not a finished backup"):
        Manifest.load(data)


def test_backup_holds_control_data_of_one_moment(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Also what is only in the write-ahead log, while its writer has the database open."""
    with ControlStore.open(data / "control.sqlite") as store:
        with store.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE mark (word TEXT)")
        back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    assert [path.name for path in (tmp_path / "backup").glob("control*")] == ["control.sqlite"]
    with ControlStore.open(tmp_path / "backup" / "control.sqlite", read_only=True) as copy, copy.snapshot() as rows:
        assert rows.exec_driver_sql("SELECT count(*) FROM mark").scalar() == 0


def test_backup_records_every_act_that_its_control_data_shows(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Whenever a key is made while the copy is: one that can be used after restoring is in the system log, too."""
    with DataDirectory.open(data) as directory, administering(directory) as admin:
        keys = ApiKeys(admin.store, admin.acts)
        made: list[str] = []

        def make_key(_done: int, _total: int) -> None:
            made.append(keys.create(name="k", grants=[Grant.parse("reader:main")], by=admin.by).id)

        back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins, on_progress=make_key)
    with ControlStore.open(tmp_path / "backup" / "control.sqlite", read_only=True) as copy, copy.snapshot() as rows:
        usable = set(rows.exec_driver_sql("SELECT id FROM api_keys").scalars())
    with DataDirectory.open(tmp_path / "backup") as restored, restored.open_log(SYSTEM_LOG) as system:
        records = b"".join(entry for _, entry in system.reader.read(0, system.reader.acknowledged))
    assert set() < usable < set(made)
    assert all(key.encode() in records for key in usable)


@pytest.mark.parametrize("later", [1, 3, 256, 700])
def test_snapshot_stays_still_while_the_log_moves_on(data: Path, later: int) -> None:
    """The tree of then, also where partial tiles have been replaced by full ones; the journal reaches it."""
    with LogSnapshot.take(LogPaths(data, "main")) as snapshot:
        before = {path: snapshot.object(path) for path in snapshot.object_paths()}
        with indelible.open(data) as log:
            record(log, 300, 300 + later)
        assert snapshot.size == 300
        assert {path: snapshot.object(path) for path in snapshot.object_paths()} == before
        assert snapshot.journal.start <= 300 <= snapshot.journal.end
        assert len(before) == object_count(300)
        assert all(os.fstat(run.descriptor).st_size for run in snapshot.runs)


def test_snapshot_of_an_empty_log_is_empty(data: Path) -> None:
    """There is nothing but a checkpoint."""
    with DataDirectory.open(data) as directory, administering(directory) as admin:
        directory.create_log("empty", acts=admin.acts, by=admin.by)
    with LogSnapshot.take(LogPaths(data, "empty")) as snapshot:
        assert list(snapshot.object_paths()) == []
        assert object_count(0) == 0
