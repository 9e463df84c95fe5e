"""Files that are there when they are whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from indelible.sdk.saving import saving

if TYPE_CHECKING:
    from pathlib import Path


def test_saving_shows_a_file_only_when_it_is_whole(tmp_path: Path) -> None:
    """While it is written the old content stays; then the new one is there, and nothing beside it."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with saving(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_saving_leaves_nothing_after_an_error(tmp_path: Path) -> None:
    """Neither half a file nor a temporary one; an old file survives."""
    path = tmp_path / "out"

    def fail() -> None:
        with saving(str(path)) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_saving_leaves_an_open_file_to_its_owner() -> None:
    """It is written to, and not closed."""
    file = io.BytesIO()
    with saving(file) as same:
        same.write(b"x")
    assert file.getvalue() == b"x"
    assert not file.closed
