"""Folders in memory: the crash tests make thousands of directories, and what they simulate needs no real disk."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder is made in it


def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="indelible-", dir=_SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture
def memory_path() -> Iterator[Path]:
    """An empty folder, in memory where the system has such."""
    yield from _folder()


@pytest.fixture(scope="module")
def memory_path_module() -> Iterator[Path]:
    """As ``memory_path``, one for a module."""
    yield from _folder()
