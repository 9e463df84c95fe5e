"""The control data of a directory, for commands that work without a server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from indelible.control import ControlStore
from indelible.embedded import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["reading_control", "writing_control"]


@contextmanager
def reading_control(path: Path) -> Iterator[ControlStore]:
    """What is stored in a directory, beside whatever changes it.

    Raises:
        NotFound: there is no such directory, or it has no control data yet.
    """
    with DataDirectory.open(path) as directory, ControlStore.open(directory.control_path, read_only=True) as store:
        yield store


@contextmanager
def writing_control(path: Path) -> Iterator[ControlStore]:
    """What is stored in a directory, to be changed under its lock.

    Raises:
        NotFound: there is no such directory.
        Locked: something else writes there; the error names it.
    """
    with DataDirectory.open(path) as directory:
        directory.lock()
        with ControlStore.open(directory.control_path) as store:
            yield store
