"""What the commands that read say of a directory in which an insider has been."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cli.command import InProcess


@pytest.fixture
def filled(made: InProcess) -> InProcess:
    """With six events."""
    events = [{"action": f"door.{number}", "actor": {"type": "user", "id": "ada"}} for number in range(6)]
    (made.folder / "events").write_text("\n".join(map(json.dumps, events)))
    made("import", "ndjson", "events").expect(0)
    return made


def files_of(filled: InProcess) -> Path:
    return filled.folder / "data" / "logs" / "main"


@pytest.mark.parametrize(
    ("gone", "commands"),
    [
        ("tile/entries/000.p/6", ("show 3", "prove 3", "search", "export", "export --format parquet", "tail")),
        ("tile/0/000.p/6", ("prove 3",)),
        ("checkpoint", ("show 3", "prove 3", "search", "export", "tail")),
    ],
)
def test_a_missing_file_is_named_with_the_remedy(filled: InProcess, gone: str, commands: tuple[str, ...]) -> None:
    """The status is that of damage, not of wrong use; what needs no such file is as it was."""
    (files_of(filled) / gone).unlink()
    for command in commands:
        done = filled(*command.split()).expect(1)
        assert gone in done.err
        assert "restore" in done.err
        assert not done.out
    if gone.startswith("tile/0"):
        filled("show", "3").expect(0)
    if gone != "checkpoint":
        assert "no entry 6" in filled("show", "6").expect(2).err
