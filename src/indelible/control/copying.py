"""A copy of the control database that is one moment's, while its writer goes on. By SQLite's own backup interface."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from indelible.control.sqlite import translated
from indelible.errors import Damaged

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_control_data", "copy_control_data"]

_REMEDY = "put it back from another backup; the logs do not depend on it"


def copy_control_data(source: Path, target: Path) -> None:
    """Copy into a new file of mode 0600, one that needs no write-ahead log beside it, and check the copy.

    Raises:
        Damaged: the copy is not sound, since the source is not.
        Unavailable: a writer holds the source for long.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as origin,
            closing(sqlite3.connect(target)) as copy,
        ):
            origin.execute("PRAGMA wal_autocheckpoint = 0")  # a reader beside the writer never checkpoints
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translated(error, source) from error
    check_control_data(target)


def check_control_data(path: Path) -> None:
    """Check that a control database is sound.

    Raises:
        Damaged: it is not.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise translated(error, path) from error
    if answer != "ok":
        raise Damaged(f"SQLite finds it broken: {answer}", path=path, remedy=_REMEDY)
