"""The data directories of benchmarks, whose pinned keys lie beside them and not in the user's state directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from indelible.embedded.data_directory import DataDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.log import Reader

__all__ = ["create_directory", "directory_environment", "disk_bytes", "open_reader"]


def directory_environment(directory: Path) -> dict[str, str]:
    """The environment for a process that works on a directory made here."""
    return {**os.environ, "INDELIBLE_STATE": str(directory.with_name(f"{directory.name}-state"))}


def create_directory(directory: Path) -> None:
    """Make a data directory with the log ``main``."""
    origin = f"benchmark.invalid/{directory.name}"
    DataDirectory.create(directory, origin=origin, environment=directory_environment(directory)).close()


def disk_bytes(directory: Path) -> int:
    """The sizes of the files of the log ``main``: objects, journal and state."""
    folders = (directory / part / "main" for part in ("logs", "journal", "state"))
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def open_reader(directory: Path) -> Reader:
    """A reader of the log ``main`` that has read nothing but its checkpoint."""
    return DataDirectory.open(directory, environment=directory_environment(directory)).open_reader("main")
