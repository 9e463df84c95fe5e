"""A data directory of the first release, as a power failure left it: it opens as it is, and nothing in it is lost."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.access import Authenticator
from indelible.control import ControlStore
from indelible.embedded import DataDirectory
from indelible.embedded.verification import verify_stored_log
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from indelible.verify.verdicts import LogReport

VECTOR = Path(__file__).resolve().parents[1] / "vectors" / "data_directory" / "v1.tar.gz"
PUBLISHED, ACKNOWLEDGED = 300, 307


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory, with modes and all, in the folder of a user who has never met it."""
    monkeypatch.setenv("INDELIBLE_STATE", str(tmp_path / "state"))
    with tarfile.open(VECTOR) as archive:
        archive.extractall(tmp_path, filter="tar")
    return tmp_path / "data"


def verify(path: Path, log: str) -> LogReport:
    return verify_stored_log(DataDirectory.open(path), log, pins=Pins(path.parent / "state"))


@pytest.mark.parametrize("log", ["main", "_system", "team-a"])
def test_old_directory_verifies_before_anything_has_touched_it(old: Path, log: str) -> None:
    """Reading and verifying an old directory needs no upgrade."""
    report = verify(old, log)
    assert not report.findings
    assert report.size == (PUBLISHED if log == "main" else 0)


def test_old_directory_keeps_every_acknowledged_entry(old: Path) -> None:
    """What stood only in the journal is published at its index; new entries follow, and the whole still verifies."""
    verify(old, "main")
    with indelible.open(old) as log:
        assert log.get(ACKNOWLEDGED - 1).record["targets"] == [{"type": "thing", "id": str(ACKNOWLEDGED - 1)}]
        assert log.record("thing.done", actor="user:eve").index == ACKNOWLEDGED
        log.record("thing.done", actor="user:eve").wait_published()
    report = verify(old, "main")
    assert not report.findings
    assert report.size == ACKNOWLEDGED + 2
    assert report.remembered_size == PUBLISHED


def test_old_directory_knows_its_ids_and_keys(old: Path) -> None:
    """An id of then is a duplicate now, and the keys of then open the doors that they opened."""
    with indelible.open(old) as log:
        event = {
            "id": f"0190a1b2-0000-7000-8000-{5:012x}",
            "action": "thing.done",
            "occurred_at": "2026-01-01T00:00:05Z",
            "actor": {"type": "user", "id": "ada"},
            "targets": [{"type": "thing", "id": "5"}],
        }
        (receipt,) = log.record_many([event])
        assert (receipt.index, receipt.duplicate) == (5, True)
    admin, writer = json.loads((old.parent / "secrets.json").read_text())
    with ControlStore.open(old / "control.sqlite") as store:
        authenticator = Authenticator(store)
        assert [grant.text for grant in authenticator.authenticate(f"Bearer {admin}".encode()).grants] == ["admin:*"]
        assert authenticator.authenticate(f"Bearer {writer}".encode()).name == "writer"
