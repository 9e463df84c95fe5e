"""Restoring: what was backed up and nothing else, and never behind what others have seen."""

from __future__ import annotations

import hashlib
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.embedded import DataDirectory
from indelible.embedded.succession import ACTION
from indelible.embedded.verification import verify_stored_log
from indelible.errors import Damaged, IntegrityError, NotFound, ReadOnly, RolledBack, UsageError
from indelible.operations.backup import back_up
from indelible.operations.manifest import SUMS, check_sums, encode_sums
from indelible.operations.restore import Restored, Restoring, restore
from indelible.trust.pinned_verification import GivenKeys
from indelible.trust.pins import Pins
from tests.unit.operations.conftest import record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def backup(data: Path, tmp_path: Path, pins: Pins) -> Path:
    """A backup of the directory as it is now."""
    back_up(DataDirectory.open(data), tmp_path / "backup", pins=pins)
    return tmp_path / "backup"


def restored(backup: Path, target: Path, *, state: Path | None = None, **how: object) -> Restored:
    """Restore as the user whose state directory this is; by default the one who made the log."""
    environment = {"INDELIBLE_STATE": str(state or backup.parent / "state")}
    options = {"given": GivenKeys(), "environment": environment, "pins": Pins.load(environment), **how}
    return restore(backup, target, Restoring(**options))  # type: ignore[arg-type]


def move_on(data: Path, pins: Pins, count: int = 1) -> bytes:
    """Append, and let a verifier remember it; returns the checkpoint that is remembered."""
    with indelible.open(data) as log:
        record(log, 300, 300 + count)
    assert not verify_stored_log(DataDirectory.open(data), "main", pins=pins).findings
    note = pins.recall(DataDirectory.open(data).log("main").origin)
    assert note is not None
    return note


def test_restore_gives_back_a_directory_that_goes_on(backup: Path, tmp_path: Path) -> None:
    """Every entry, the same keys and modes, the next index; and it verifies as what it was."""
    done = restored(backup, tmp_path / "again")
    assert done.successions == ()
    assert sorted(path.name for path in done.path.iterdir()) == sorted(
        {path.name for path in backup.iterdir()} - {"backup.json", SUMS}
    )
    for path in (done.path / "keys").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    with indelible.open(done.path) as log:
        assert log.get(299).record["metadata"] == {"n": 299}
        assert log.record("thing.done", actor="user:eve").index == 300


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda backup: (backup / "indelible.toml").write_text("# mine\n"), "is not what was backed up"),
        (lambda backup: (backup / "logs/main/checkpoint").unlink(), "is missing from the backup"),
        (lambda backup: (backup / "logs/main/more").write_text("x"), "is not of this backup"),
        (lambda backup: (backup / SUMS).write_text("nonsense\n"), "is not a list of hashes"),
        (lambda backup: (backup / SUMS).write_text(f"{'0' * 64}  ../etc/passwd\n"), "is not a list of hashes"),
        (lambda backup: (backup / SUMS).unlink(), "cannot be read"),
    ],
    ids=["altered", "missing", "more", "no list", "outside", "no sums"],
)
def test_restore_takes_only_what_was_backed_up(backup: Path, tmp_path: Path, change: object, said: str) -> None:
    """A file altered, missing or added is found before anything is written."""
    change(backup)  # type: ignore[operator]
    with pytest.raises(Damaged, match=said):
        restored(backup, tmp_path / "again")
    assert not list(tmp_path.glob("again*"))


def test_restore_verifies_logs_whatever_the_hashes_say(backup: Path, tmp_path: Path) -> None:
    """Whoever alters a backup can write its list of hashes anew, but not sign its log."""
    bundle = backup / "logs" / "main" / "tile" / "entries" / "000"
    bundle.chmod(0o600)
    bundle.write_bytes(bundle.read_bytes().replace(b"user", b"uber"))
    sums = {line[66:]: line[:64] for line in (backup / SUMS).read_text().splitlines()}
    with pytest.raises(Damaged) as found:
        check_sums(backup)
    assert found.value.path == str(bundle)
    sums["logs/main/tile/entries/000"] = hashlib.sha256(bundle.read_bytes()).hexdigest()
    (backup / SUMS).write_bytes(encode_sums(sums))
    with pytest.raises(IntegrityError, match="does not verify"):
        restored(backup, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_restore_refuses_what_is_behind_a_remembered_checkpoint(
    data: Path, backup: Path, tmp_path: Path, pins: Pins
) -> None:
    """What was acknowledged since is missing from it; the error says how to go on."""
    move_on(data, pins)
    with pytest.raises(RolledBack, match=r"main: .*301 entries.*--successors"):
        restored(backup, tmp_path / "again")
    assert not list(tmp_path.glob("again*"))


def test_restore_refuses_what_is_behind_a_checkpoint_kept_elsewhere(
    data: Path, backup: Path, tmp_path: Path, pins: Pins
) -> None:
    """On a machine that remembers nothing, the auditor's copy of the checkpoint shows it."""
    note = move_on(data, pins)
    stranger = tmp_path / "stranger"
    with pytest.raises(RolledBack):
        restored(backup, tmp_path / "again", state=stranger, checkpoints=[note])
    done = restored(backup, tmp_path / "again", state=stranger)
    assert done.unremembered == ("main", "_system")
    assert all(report.pinned for report in done.report.logs)
    assert Pins(stranger).find(DataDirectory.open(data).log("main").origin) is not None


def test_restore_refuses_a_checkpoint_that_the_log_has_not_signed(backup: Path, tmp_path: Path, pins: Pins) -> None:
    """Nobody can keep a log from being restored by making a checkpoint up."""
    note = (backup / "logs" / "main" / "checkpoint").read_bytes().replace(b"\n300\n", b"\n400\n")
    with pytest.raises(UsageError, match="not signed by it"):
        restored(backup, tmp_path / "again", checkpoints=[note])
    with pytest.raises(UsageError, match="not of a log of this backup"):
        restored(backup, tmp_path / "again", checkpoints=[b"nonsense"])


def test_restore_lets_a_new_log_succeed_one_that_is_behind(
    data: Path, backup: Path, tmp_path: Path, pins: Pins
) -> None:
    """The old one is kept, readable and closed; the new one has its name, another origin, and names it first."""
    note = move_on(data, pins, 5)
    old = DataDirectory.open(data).log("main")
    done = restored(backup, tmp_path / "again", successors=True)
    (succession,) = done.successions
    assert (succession.closed, succession.predecessor, succession.size) == ("main.until-300", old.origin, 300)
    assert succession.origin != old.origin
    directory = DataDirectory.open(done.path)
    assert directory.log_names() == ("main.until-300", "_system", "main")
    with indelible.open(done.path) as log:
        first = log.get(0).record
        assert first["action"] == ACTION
        assert first["log"] == succession.origin
        predecessor = first["metadata"]["predecessor"]
        assert predecessor["origin"] == old.origin
        assert predecessor["vkeys"] == list(old.vkeys)
        assert predecessor["checkpoint"].encode() == (backup / "logs" / "main" / "checkpoint").read_bytes()
        assert first["metadata"]["remembered"].encode() == note
        assert log.record("thing.done", actor="user:eve").index == 1
    with indelible.open(done.path, log="main.until-300", read_only=True) as closed:
        assert closed.get(299).record["metadata"] == {"n": 299}
    with directory, pytest.raises(ReadOnly):
        directory.open_log("main.until-300")
    for name in ("main", "_system"):
        assert not verify_stored_log(DataDirectory.open(done.path), name, pins=pins).findings
    # What verifiers remember still speaks for the old log: it lacks entries, and they say so.
    assert verify_stored_log(DataDirectory.open(done.path), "main.until-300", pins=pins).findings


def test_restore_can_be_done_again_after_a_succession(data: Path, backup: Path, tmp_path: Path, pins: Pins) -> None:
    """Each time under another origin and into another place: no name is used twice."""
    move_on(data, pins)
    origins = {
        restored(backup, tmp_path / name, successors=True).successions[0].origin for name in ("again", "and-again")
    }
    assert len(origins) == 2


def test_restore_writes_over_nothing_and_needs_a_backup(data: Path, backup: Path, tmp_path: Path) -> None:
    """Neither over a directory that is in use, nor from a folder that only looks like one."""
    with pytest.raises(UsageError, match="exists already"):
        restored(backup, data)
    shutil.copytree(data, tmp_path / "copy")
    with pytest.raises(NotFound, match="not a finished backup"):
        restored(tmp_path / "copy", tmp_path / "again")


def test_restore_without_keys_gives_what_can_be_read(data: Path, tmp_path: Path, pins: Pins) -> None:
    """Everything verifies and can be served; to append, the keys have to be put back."""
    back_up(DataDirectory.open(data), tmp_path / "bare", pins=pins, keys=False)
    done = restored(tmp_path / "bare", tmp_path / "again")
    with indelible.open(done.path, read_only=True) as log:
        assert log.get(0).index == 0
    shutil.copytree(data / "keys", done.path / "keys")
    (done.path / "keys").chmod(0o700)
    with indelible.open(done.path) as log:
        assert log.record("thing.done", actor="user:eve").index == 300
