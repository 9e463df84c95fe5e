"""SQLite as control data needs it: durable, one connection, and sure of its own settings.

Every commit is on stable storage when it returns: write-ahead log with ``synchronous=FULL``. SQLite from 3.7.0 to
3.51.2 can lose a commit when one connection checkpoints while another resets the write-ahead log, so the writer is
one connection, and a reader beside it never checkpoints.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from indelible.errors import ConfigurationError, Damaged, InternalError, StorageFull, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

    from indelible.errors import IndelibleError

__all__ = ["create_file", "open_engine", "raw_connection", "translated"]

_BUSY_TIMEOUT_MS = 5_000


def create_file(path: Path) -> None:
    """Create an empty database file that only its owner can read, and make its name durable.

    SQLite gives the write-ahead log and the shared memory beside it the same permissions. A file that exists is
    left as it is.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # a synced write-ahead log is of no use under a name that a power cut can take away
    finally:
        os.close(folder)


def open_engine(path: Path, *, read_only: bool) -> Engine:
    """Return an engine that holds exactly one connection to ``path``.

    Raises:
        ConfigurationError: the file system cannot hold a write-ahead log (a network share, say).
    """

    def connect() -> sqlite3.Connection:
        mode = "ro" if read_only else "rw"
        if read_only and _is_frozen(path):
            mode += "&immutable=1"  # without it SQLite wants to make a write-ahead log, even to read
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,  # no implicit BEGIN: transactions begin where this module says
            check_same_thread=False,  # one thread at a time, by the store's lock
            timeout=_BUSY_TIMEOUT_MS / 1000,
        )
        try:
            _configure(connection, path, read_only=read_only)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a write fails at once with SQLITE_BUSY, whatever the timeout.
        writes = not read_only and connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _is_frozen(path: Path) -> bool:
    """Whether the file lies on a medium that nobody writes, and holds everything: no write-ahead log is beside it."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and not path.with_name(f"{path.name}-wal").exists()


def _configure(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    """Set what SQLite keeps per connection, and read back what it may silently refuse."""
    connection.execute("PRAGMA foreign_keys = ON")
    if read_only:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[
        0
    ]  # it may stay what it was, and says so only here
    if mode != "wal":
        detail = f"{path}: this file system cannot hold SQLite's write-ahead log (it stayed {mode!r}); use a local disk"
        raise ConfigurationError(detail)
    connection.execute("PRAGMA synchronous = FULL")
    if sys.platform == "darwin":
        connection.execute("PRAGMA fullfsync = 1")
        connection.execute("PRAGMA checkpoint_fullfsync = 1")


def raw_connection(engine: Engine) -> sqlite3.Connection:
    """The one connection itself, for what needs no transaction."""
    connection = engine.raw_connection().driver_connection
    if not isinstance(connection, sqlite3.Connection):
        detail = f"expected an SQLite connection, not {type(connection).__name__}"
        raise InternalError(detail)
    return connection


def translated(error: BaseException | None, path: Path) -> IndelibleError:
    """SQLite's error in our own words: what happened, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        return StorageFull("no space left for control data; free some and try again", retry_after=30.0)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Unavailable(f"another process holds {path}; try again", retry_after=1.0)
    if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
        detail = f"{path} cannot be opened: SQLite writes beside it even to read, which this user may not"
        return ConfigurationError(f"{detail}; let the user do so, or give them a copy made by `indelible backup`")
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        detail = "it is not a control database, or it has been damaged"
        return Damaged(detail, path=path, remedy="put it back from a backup; the logs do not depend on it")
    return InternalError(f"{path}: {type(error).__name__}: {error}")
