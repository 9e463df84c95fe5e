"""The examination: each thing that can be wrong is found, with what to do about it, and nothing else is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.cli.init import first_admin_key
from indelible.embedded import DataDirectory
from indelible.embedded.verification import verify_stored_log
from indelible.operations.doctor import Diagnosis, Level, ask, examine
from indelible.operations.doctor.host import file_system_type
from indelible.storage.posix import WriterLock
from tests.unit.operations.conftest import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indelible.trust.pins import Pins


@pytest.fixture
def watched(data: Path, pins: Pins) -> Path:
    """A directory about which there is nothing to say: somebody remembers its logs."""
    with DataDirectory.open(data) as directory:
        first_admin_key(directory)
    for name in ("main", "_system"):
        assert not verify_stored_log(DataDirectory.open(data), name, pins=pins).findings
    return data


def found(data: Path, pins: Pins) -> dict[str, Diagnosis]:
    """What is not sound, the worst of each subject."""
    worst: dict[str, Diagnosis] = {}
    for each in examine(DataDirectory.open(data), pins):
        if each.level is not Level.SOUND:
            assert each.remedy, each
            worst.setdefault(each.subject, each)
    return worst


def test_doctor_finds_logs_that_the_configuration_does_not_name(watched: Path, pins: Pins) -> None:
    """Somebody has emptied it, or taken one log out: nothing would look at that one any more."""
    file = watched / "indelible.toml"
    text = file.read_text()
    file.write_text(text.replace('[logs."main"]', '[logs."other"]'))
    problem = found(watched, pins)["logs"]
    assert problem.level is Level.PROBLEM
    assert problem.detail.startswith("main lies here")
    assert '[logs."main"]' in problem.remedy
    file.write_text("")
    answers = [each for each in examine(DataDirectory.open(watched), pins) if each.subject == "logs"]
    assert [each.detail.split()[0] for each in answers] == ["_system", "main"]


def test_doctor_has_nothing_to_say_about_a_sound_directory(watched: Path, pins: Pins) -> None:
    """And it has asked: every subject has an answer. How full the disk is depends on the machine."""
    answers = list(examine(DataDirectory.open(watched), pins))
    assert {each.level for each in answers if each.subject != "disk"} == {Level.SOUND}
    subjects = {each.subject for each in answers}
    assert {
        "disk",
        "permissions",
        "control data",
        "writer",
        "main: keys",
        "main: right edge",
        "main: clock",
    } <= subjects


def chmod(path: str, mode: int) -> Callable[[Path], None]:
    return lambda data: (data / path).chmod(mode)


def alter_edge(data: Path) -> None:
    tile = data / "logs" / "main" / "tile" / "0" / "001.p" / "44"
    altered = bytearray(tile.read_bytes())
    altered[0] ^= 1
    tile.unlink()
    tile.write_bytes(altered)


def swap_keys(data: Path) -> None:
    (data / "keys" / "main").rename(data / "keys" / "aside")
    shutil.copytree(data / "keys" / "_system", data / "keys" / "main")


def break_control_data(data: Path) -> None:
    (data / "control.sqlite").write_bytes(b"not a database at all" * 400)


@pytest.mark.parametrize(
    ("harm", "subject", "level", "said"),
    [
        (chmod(".", 0o777), "permissions", Level.PROBLEM, "anyone can change what is recorded"),
        (chmod("indelible.toml", 0o606), "permissions", Level.PROBLEM, "anyone can change the configuration"),
        (chmod("keys", 0o755), "permissions", Level.PROBLEM, "can reach the logs' keys"),
        (chmod("control.sqlite", 0o604), "permissions", Level.PROBLEM, "anyone can read who may do what"),
        (chmod("keys/main/ed25519.pem", 0o640), "main: keys", Level.PROBLEM, "can be reached by group or others"),
        (swap_keys, "main: keys", Level.PROBLEM, "not those that the configuration names"),
        (lambda data: shutil.rmtree(data / "keys" / "main"), "main: keys", Level.PROBLEM, "not continued"),
        (lambda data: (data / "control.sqlite").unlink(), "control data", Level.WARNING, "is not there"),
        (break_control_data, "control data", Level.PROBLEM, "not a control database"),
        (alter_edge, "main: right edge", Level.PROBLEM, "tile"),
    ],
    ids=[
        "folder",
        "configuration",
        "keys",
        "control data",
        "key file",
        "other keys",
        "no keys",
        "no control data",
        "broken control data",
        "altered",
    ],
)
def test_doctor_finds(
    watched: Path, pins: Pins, harm: Callable[[Path], None], subject: str, level: Level, said: str
) -> None:
    """One harm at a time: it is found where it is, with a remedy."""
    harm(watched)
    worst = found(watched, pins)
    assert worst[subject].level is level
    assert said in worst[subject].detail


def test_doctor_notices_an_old_copy(watched: Path, pins: Pins, tmp_path: Path) -> None:
    """By what is remembered elsewhere."""
    shutil.copytree(watched, tmp_path / "old")
    with indelible.open(watched) as log:
        record(log, 300, 301)
    verify_stored_log(DataDirectory.open(watched), "main", pins=pins)
    assert "entries 300 and later are gone" in found(tmp_path / "old", pins)["main: right edge"].detail


def test_doctor_notices_that_nobody_watches(data: Path, pins: Pins) -> None:
    """Keys are pinned at birth; without a remembered checkpoint an old copy would go unnoticed."""
    worst = found(data, pins)
    assert worst["main: pins"].level is Level.WARNING
    shutil.rmtree(pins.state)
    assert "pinned no keys" in found(data, pins)["main: pins"].detail


def test_doctor_notices_a_clock_that_lags(watched: Path, pins: Pins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last entry would lie in the future."""
    monkeypatch.setattr("indelible.operations.doctor.logs.time.time", lambda: 1_700_000_000.0)
    assert "in the future" in found(watched, pins)["main: clock"].detail


def test_doctor_notices_a_full_disk(watched: Path, pins: Pins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer bytes than the configuration wants free."""
    monkeypatch.setenv("INDELIBLE_READINESS_MIN_FREE_DISK", "512 TiB")
    assert found(watched, pins)["disk"].level is Level.PROBLEM


def test_doctor_speaks_to_whoever_holds_the_lock(watched: Path, pins: Pins) -> None:
    """One that says where it listens and does not answer there is a problem; one without an address is not."""
    with WriterLock.acquire(watched / "lock") as lock:
        assert "writer" not in found(watched, pins)
        lock.announce("http://127.0.0.1:9")
        assert "does not answer" in found(watched, pins)["writer"].detail
    assert "writer" not in found(watched, pins)


def test_doctor_leaves_no_trace(watched: Path, pins: Pins) -> None:
    """Examining changes nothing, and remembers nothing."""

    def contents() -> dict[str, bytes]:
        files = [path for folder in (watched, pins.state) for path in folder.rglob("*") if path.is_file()]
        own = [path for path in files if not path.name.startswith("control.sqlite-")]  # SQLite's, for its readers
        return {str(path): path.read_bytes() for path in own}

    before = contents()
    list(examine(DataDirectory.open(watched), pins))
    assert contents() == before


def test_ask_goes_on_after_a_question_that_cannot_be_answered() -> None:
    """What it raises is the finding."""

    def broken() -> Iterator[Diagnosis]:
        yield from iter(())
        raise OSError(5, "the disk is on fire")

    def fine() -> Iterator[Diagnosis]:
        yield Diagnosis(subject="b", level=Level.SOUND, detail="well")

    first, second = ask([("a", broken), ("b", fine)])
    assert (first.subject, first.level) == ("a", Level.PROBLEM)
    assert "on fire" in first.detail
    assert second.level is Level.SOUND


def test_file_system_type_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    """The longest mount point that holds the path counts, and of equal ones the last."""
    mounts = tmp_path / "mounts"
    folder = tmp_path / "a b"
    folder.mkdir()
    escaped = str(folder).replace(" ", "\\040")
    mounts.write_text(f"x / ext4 rw 0 0\ny {escaped} nfs4 rw 0 0\nz /elsewhere tmpfs rw 0 0\n")
    assert file_system_type(folder / "deep", mounts) == "nfs4"
    assert file_system_type(tmp_path, mounts) == "ext4"
    assert file_system_type(tmp_path, tmp_path / "none") is None


def test_control_data_of_another_user_is_only_read(watched: Path, pins: Pins) -> None:
    """Also while a writer has a transaction open."""
    with closing(sqlite3.connect(watched / "control.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert "control data" not in found(watched, pins)
