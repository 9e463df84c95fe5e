"""A data directory: its layout, its one writer, its births that survive being cut short."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from indelible.embedded.birth import default_origin
from indelible.errors import ConfigurationError, Damaged, Locked, NotFound, RolledBack, UsageError
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.config import LogConfiguration


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"INDELIBLE_STATE": str(tmp_path / "state")}


@pytest.fixture
def made(tmp_path: Path, environment: dict[str, str]) -> Path:
    """The path of a directory that nobody holds."""
    DataDirectory.create(tmp_path / "data", origin="example.com/x/main", environment=environment).close()
    return tmp_path / "data"


def test_create_lays_the_directory_out_as_documented(made: Path) -> None:
    """ARCHITECTURE, "On disk": and nothing in a log's folder but a C2SP log."""
    assert {path.name for path in made.iterdir()} == {"indelible.toml", "keys", "logs", "journal", "state", "lock"}
    assert {path.name for path in (made / "logs").iterdir()} == {"main", "_system"}
    assert {path.name for path in (made / "logs" / "main").iterdir()} == {"checkpoint"}


def test_create_keeps_private_keys_private_and_out_of_the_configuration(made: Path) -> None:
    """Keys are 0600 in folders that only the owner enters; the configuration holds public keys only."""
    assert stat.S_IMODE((made / "keys").stat().st_mode) == 0o700
    pems = list((made / "keys").rglob("*.pem"))
    assert len(pems) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in pems} == {0o600}
    configuration = (made / "indelible.toml").read_text()
    assert "PRIVATE" not in configuration
    assert "example.com/x/main/ml-dsa-44+" in configuration


def test_create_pins_the_keys_outside_of_the_directory(made: Path, environment: dict[str, str]) -> None:
    """`init` pins at birth: a verifier takes keys from there, never from the directory."""
    directory = DataDirectory.open(made)
    for name in ("main", "_system"):
        pin = Pins.load(environment).find(directory.log(name).origin)
        assert pin is not None
        assert pin.vkeys == directory.vkeys(name)


def test_create_holds_the_lock_until_it_is_closed(tmp_path: Path, environment: dict[str, str]) -> None:
    """Whoever makes a directory is its writer, so nobody comes in between."""
    with DataDirectory.create(tmp_path / "data", environment=environment):
        other = DataDirectory.open(tmp_path / "data", environment=environment)
        with pytest.raises(Locked, match=str(os.getpid())):
            other.lock()
    other.lock()
    other.close()


def test_create_refuses_a_place_that_is_taken(made: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Nothing is ever written over, and no origin is given twice."""
    with pytest.raises(UsageError, match="already"):
        DataDirectory.create(made, environment=environment)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UsageError, match="not empty"):
        DataDirectory.create(tmp_path / "full", environment=environment)
    with pytest.raises(UsageError, match="pinned for the origin"):
        DataDirectory.create(tmp_path / "new", origin="example.com/x/main", environment=environment)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("origin", ["a b", "a+b", "", "a\tb", "a\x07", "a" * 201, "a\u2028b"])
def test_create_refuses_an_origin_that_no_note_could_bear(tmp_path: Path, origin: str) -> None:
    """An origin is a C2SP key name: no white space, no plus sign, nothing unprintable."""
    environment = {"INDELIBLE_STATE": str(tmp_path / "state")}
    if not origin:
        DataDirectory.create(tmp_path / "data", origin=origin, environment=environment).close()
        assert DataDirectory.open(tmp_path / "data").log("main").origin  # as if none had been given
        return
    with pytest.raises(UsageError, match="cannot be an origin"):
        DataDirectory.create(tmp_path / "data", origin=origin, environment=environment)
    assert not (tmp_path / "data").exists()


def test_default_origin_is_unique_to_each_call() -> None:
    """Two directories of one host do not share an origin."""
    assert len({default_origin() for _ in range(100)}) == 100
    assert default_origin().endswith("/main")


def test_open_says_how_to_make_a_directory(tmp_path: Path) -> None:
    """A directory is created only by an explicit act; the error names it."""
    with pytest.raises(NotFound, match="indelible init --data"):
        DataDirectory.open(tmp_path)
    with pytest.raises(NotFound, match="indelible init --data"):
        DataDirectory.open(tmp_path / "nowhere")


def create_log(
    directory: DataDirectory, name: str, *, origin: str | None = None, public: bool = False
) -> LogConfiguration:
    """Create a log as the command line does."""
    with administering(directory) as admin:
        return directory.create_log(name, acts=admin.acts, by=admin.by, origin=origin, public=public)


def test_create_log_gives_a_log_keys_and_an_origin_of_its_own(made: Path, environment: dict[str, str]) -> None:
    """A log beside main is named beside it; the configuration on disk knows it at once."""
    with DataDirectory.open(made, environment=environment) as directory:
        log = create_log(directory, "team-a", public=True)
        assert log.origin == "example.com/x/team-a"
        assert DataDirectory.open(made).log("team-a") == log
        assert set(log.vkeys).isdisjoint(directory.vkeys("main"))
        for name, origin in (("team-a", None), ("other", "example.com/x/main"), ("_mine", None), ("A", None)):
            with pytest.raises(UsageError):
                create_log(directory, name, origin=origin)
        assert DataDirectory.open(made).log_names() == ("main", "_system", "team-a")


@pytest.mark.parametrize("lost", ["entry", "entry and log", "entry, log and keys' last file"])
def test_create_log_goes_on_where_a_crash_cut_it_short(made: Path, environment: dict[str, str], lost: str) -> None:
    """Before the configuration names it a log does not exist, and creating it again finishes the job."""
    before = (made / "indelible.toml").read_text()
    with DataDirectory.open(made, environment=environment) as directory:
        vkeys = create_log(directory, "team-a").vkeys
    (made / "indelible.toml").write_text(before)
    if "log" in lost:
        for room in ("logs", "journal", "state"):
            shutil.rmtree(made / room / "team-a")
    if "keys" in lost:
        (made / "keys" / "team-a" / "vkeys").unlink()
    with DataDirectory.open(made, environment=environment) as directory:
        if "keys" in lost:
            with pytest.raises(ConfigurationError):  # half a set of keys is for a person to look at
                create_log(directory, "team-a")
        else:
            assert create_log(directory, "team-a").vkeys == vkeys
            directory.open_log("team-a").close()


def test_open_log_refuses_keys_that_are_not_the_logs(made: Path, environment: dict[str, str]) -> None:
    """Keys and configuration from two backups are never mixed: nothing would verify afterwards."""
    shutil.rmtree(made / "keys" / "main")
    shutil.copytree(made / "keys" / "_system", made / "keys" / "main")
    with (
        DataDirectory.open(made, environment=environment) as directory,
        pytest.raises(ConfigurationError, match="one backup"),
    ):
        directory.open_log("main")


def test_open_log_refuses_keys_that_others_can_read(made: Path, environment: dict[str, str]) -> None:
    """Log keys are 0600, or the log is not opened."""
    (made / "keys" / "main" / "ed25519.pem").chmod(0o640)
    with (
        DataDirectory.open(made, environment=environment) as directory,
        pytest.raises(ConfigurationError, match="chmod 600"),
    ):
        directory.open_log("main")


def test_lock_refuses_a_directory_that_anyone_may_change(made: Path, environment: dict[str, str]) -> None:
    """Where everyone can write there is nothing to protect."""
    made.chmod(0o777)
    with pytest.raises(ConfigurationError, match="chmod o-w"):
        DataDirectory.open(made, environment=environment).lock()


def test_lock_reads_what_the_writer_before_has_changed(made: Path, environment: dict[str, str]) -> None:
    """Between opening and locking a log may have been added."""
    waiting = DataDirectory.open(made, environment=environment)
    with DataDirectory.open(made, environment=environment) as directory:
        create_log(directory, "team-a")
    waiting.lock()
    assert "team-a" in waiting.log_names()
    waiting.close()


def test_open_log_refuses_a_copy_older_than_what_is_remembered(made: Path, environment: dict[str, str]) -> None:
    """A checkpoint remembered outside stops a log that was put back: it would fork."""
    with DataDirectory.open(made, environment=environment) as directory:
        origin = directory.log("main").origin
        shutil.copytree(made, made.parent / "old")
        with directory.open_log("main") as log:
            events = [{"action": "a.b", "actor": {"type": "user", "id": "ada"}}]
            prepared = log.preparer.prepare_objects(events, principal="test", now_ms=0, random=os.urandom)
            log.append(prepared, wait="published")
            note = log.reader.checkpoint()
    pins = Pins.load(environment)
    pins.remember(origin, note, after=None)
    with DataDirectory.open(made.parent / "old", environment=environment) as old, pytest.raises(RolledBack):
        old.open_log("main")
    (pins.folder(origin) / "checkpoint").write_bytes(b"nonsense")
    with (
        DataDirectory.open(made, environment=environment) as directory,
        pytest.raises(Damaged, match="pins"),
    ):
        directory.open_log("main")


def test_reading_needs_no_lock_and_writes_nothing(made: Path, environment: dict[str, str]) -> None:
    """A reader leaves no trace, whoever writes meanwhile."""
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    with DataDirectory.open(made, environment=environment) as reading:
        assert reading.open_reader("main").size == 0
        with pytest.raises(NotFound, match="it has main, _system"):
            reading.open_reader("nope")
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
