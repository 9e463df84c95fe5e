"""The control store: one connection, one transaction at a time, and SQLite's errors in our own words."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from indelible.control import migrate, sqlite
from indelible.errors import ConfigurationError, NotFound, ReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from sqlalchemy.engine import Connection, Engine

__all__ = ["ControlStore"]


class ControlStore:
    """Control data in one SQLite file. Safe to use from several threads; one at a time gets the connection."""

    def __init__(self, engine: Engine, path: Path, *, read_only: bool) -> None:
        self._engine = engine
        self._read_only = read_only
        self._path = path
        self._raw = sqlite.raw_connection(engine)
        self._lock = threading.Lock()  # owns the connection and both numbers below
        self._generation = 0
        self._data_version: int = self._raw.execute("PRAGMA data_version").fetchone()[0]

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the store at ``path``, creating it (mode 0600) and bringing its schema up to date.

        With ``read_only`` nothing is created or migrated and nothing is ever written, so it may stand beside the
        server that holds the directory.

        Raises:
            NotFound: there is no such file, and ``read_only`` forbids to create it.
            ConfigurationError: a later version made it, or the file system cannot hold it; or, with ``read_only``, an
                earlier version made it.
            Damaged: it is not a control database.
        """
        if not read_only:
            sqlite.create_file(path)
        elif not path.exists():
            detail = f"there is no {path}; `indelible init` makes one"
            raise NotFound(detail)
        try:
            store = cls(sqlite.open_engine(path, read_only=read_only), path, read_only=read_only)
        except sqlite3.Error as error:
            raise sqlite.translated(error, path) from error
        try:
            with store._connected(writes=not read_only) as connection:
                if not migrate.check_revision(connection, path):
                    _check_may_upgrade(path, read_only=read_only)
                    migrate.upgrade(connection)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def generation(self) -> int:
        """A number that grows with every change that this process made or has noticed.

        Whoever remembers something read here remembers this number, as it was before reading, beside it.
        """
        return self._generation

    @contextmanager
    def transaction(self, *, forgettable: bool = False) -> Iterator[Connection]:
        """Change something: durable when the block ends, undone when it raises.

        With ``forgettable`` nothing changes that anybody remembers (when a key was last used, say), and
        :attr:`generation` stays.

        Raises:
            StorageFull: no space; nothing was changed.
            Unavailable: another process holds the file.
            ReadOnly: the store was opened for reading.
            Damaged: the file is not what SQLite wrote.
        """
        if self._read_only:
            raise ReadOnly("this server only reads; nothing can be administered here", retry_after=3_600.0)
        with self._connected(writes=True) as connection:
            try:
                yield connection
            finally:
                if not forgettable:
                    self._generation += 1  # under the lock, so before anybody can read what is about to be committed

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read, at one point in time. Raises as :meth:`transaction` does."""
        with self._connected(writes=False) as connection:
            yield connection

    def notice_changes_elsewhere(self) -> None:
        """Move on :attr:`generation` if another process has committed to the file since this was last asked.

        Does nothing when a transaction of this process holds the connection: this is asked on the way of requests,
        which must not wait for a disk, and is asked again soon.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            version: int = self._raw.execute("PRAGMA data_version").fetchone()[0]  # microseconds, no transaction
            if version != self._data_version:
                self._data_version = version
                self._generation += 1
        finally:
            self._lock.release()

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[Connection]:
        with self._lock:
            try:
                with self._engine.connect().execution_options(writes=writes) as connection, connection.begin():
                    yield connection
            except DBAPIError as error:
                raise sqlite.translated(error.orig, self._path) from error

    def close(self) -> None:
        """Close the connection. Everything committed is already durable."""
        with self._lock:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_may_upgrade(path: Path, *, read_only: bool) -> None:
    if read_only:
        detail = (
            f"{path} was made by an earlier version of Indelible; start the server with this version, or make a change "
            "with it, and it will be brought up to date"
        )
        raise ConfigurationError(detail)
