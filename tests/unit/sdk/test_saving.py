"""Files that are there when they are whole."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
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


def test_saving_follows_a_link(tmp_path: Path) -> None:
    """The file that it leads to gets the content; the link stays one."""
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for content in (b"new", b"newer"):
        with saving(tmp_path / "link") as file:
            file.write(content)
        assert (tmp_path / "file").read_bytes() == content
    assert (tmp_path / "link").is_symlink()


def test_saving_writes_into_a_pipe(tmp_path: Path) -> None:
    """And into devices: whoever reads there gets the bytes, and what is there stays what it is."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(path.read_bytes)
        with saving(path) as file:
            file.write(b"through")
        assert read.result() == b"through"
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_saving_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """And not a temporary file of which nobody has heard."""
    with pytest.raises(NotADirectoryError) as failure, saving(tmp_path / "none" / "out"):
        pass
    assert failure.value.filename == str(tmp_path / "none")


def test_saving_leaves_an_open_file_to_its_owner() -> None:
    """It is written to, and not closed."""
    file = io.BytesIO()
    with saving(file) as same:
        same.write(b"x")
    assert file.getvalue() == b"x"
    assert not file.closed
