"""Old copies: whoever restores a part of a log, or all of it, is told so before anything is appended.

What cannot be seen from within is shown by what was remembered elsewhere; and where nothing was, that is said here too.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.errors import IntegrityError, RolledBack
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with an old copy beside it, taken three entries ago."""
    monkeypatch.setenv("INDELIBLE_STATE", str(tmp_path / "state"))
    data = tmp_path / "data"
    with indelible.open(data, create=True) as log:
        for number in range(3):
            log.record("thing.done", actor="user:ada", targets=[f"thing:{number}"])
    shutil.copytree(data, tmp_path / "old")
    with indelible.open(data) as log:
        for number in range(3, 6):
            log.record("thing.done", actor="user:ada", targets=[f"thing:{number}"])
    return data


def restore(data: Path, *parts: str) -> None:
    """Put parts of the old copy back, or all of it."""
    for part in parts or (".",):
        shutil.rmtree(data / part)
        shutil.copytree(data.parent / "old" / part, data / part)


def checkpoint(data: Path) -> bytes:
    return (data / "logs" / "main" / "checkpoint").read_bytes()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["logs/main"], id="the log's folder"),
        pytest.param(["state/main"], id="the state"),
        pytest.param(["journal/main"], id="the journal"),
        pytest.param(["logs/main", "journal/main"], id="all but the state"),
        pytest.param(["state/main", "journal/main"], id="all but the log's folder"),
    ],
)
def test_log_refuses_to_append_to_a_part_that_was_restored(data: Path, parts: list[str]) -> None:
    """The parts contradict one another; nothing is signed, and the error says what to do."""
    restore(data, *parts)
    before = checkpoint(data)
    with pytest.raises(IntegrityError, match="restore"), indelible.open(data):
        pass
    assert checkpoint(data) == before


def test_log_refuses_a_restored_whole_when_more_is_remembered_elsewhere(data: Path) -> None:
    """A copy of everything is consistent with itself, but not with the checkpoint remembered outside of it."""
    note = checkpoint(data)
    origin = Checkpoint.parse(Note.parse(note).text).origin
    pins = Pins.load(os.environ)
    pins.remember(origin, note, after=pins.recall(origin))
    restore(data)
    with pytest.raises(RolledBack, match="old copy"), indelible.open(data):
        pass


def test_log_cannot_tell_a_restored_whole_when_nothing_is_remembered(data: Path) -> None:
    """Said plainly in the documentation: then it goes on from the old copy, and forks. Keep a checkpoint elsewhere."""
    restore(data)
    with indelible.open(data) as log:
        assert log.record("thing.done", actor="user:ada").index == 3


def test_log_opens_again_when_nothing_was_restored(data: Path) -> None:
    """The fixture itself is sound: what the tests above refuse is refused for what they did."""
    with indelible.open(data) as log:
        assert log.record("thing.done", actor="user:ada").index == 6
