"""The writer's lock: at most one process writes a data directory.

``flock`` on a file that is never deleted. The kernel lets go of it when the process ends, however it ends, so there is
nothing to clean up; what stands in the file is only for the message that the second writer gets. A forked child shares
the lock: if the holder is killed, it is held until the child has ended, too. Only the holder itself releases it.

It does not work between machines on file systems that keep locks to each machine: there, nothing but care does.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import ConfigurationError, Locked

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["Holder", "WriterLock", "lock_holder"]

_LIMIT = 4_096


class WriterLock:
    """The lock, held until :meth:`release` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Hold a lock that was taken; :meth:`acquire` takes one."""
        self._path = path
        self._descriptor: int | None = descriptor
        self._process = os.getpid()

    @classmethod
    def acquire(cls, path: Path, *, address: str = "") -> Self:
        """Take the lock, without waiting. ``address`` says where this writer can be reached, if anywhere.

        Raises:
            Locked: another writer has it; names that writer.
            ConfigurationError: there can be no lock here.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigurationError(f"cannot open the lock {path} for writing: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read_holder(descriptor).text
            os.close(descriptor)
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                raise Locked(
                    f"{path.parent} is being written by {holder}; use that one, or stop it first", holder=holder
                ) from error
            raise ConfigurationError(f"cannot lock {path}: {error.strerror}; keep data on a local disk") from error
        lock = cls(path, descriptor)
        lock.announce(address)
        return lock

    def announce(self, address: str) -> None:
        """Let the message that a second writer gets say where this one can be reached."""
        if self._descriptor is None:
            return
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "address": address}
        data = json.dumps(holder).encode() + b"\n"
        with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, data[:_LIMIT], 0)

    def release(self) -> None:
        """Let go. Doing so twice is no error; a forked child that does so leaves the lock with its parent."""
        if self._descriptor is not None:
            if os.getpid() == self._process:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, 0)
                # Said, because closing is not enough while a child that is being started has the descriptor, too.
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, in words, and where it can be reached, if anywhere."""

    text: str
    address: str = ""


def lock_holder(path: Path) -> Holder | None:
    """Who holds the lock now, or ``None``. Whoever tries to take it in this very moment may be refused.

    Raises:
        ConfigurationError: the lock cannot be looked at.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot look at the lock {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)  # which lets go of it
    return None


def _read_holder(descriptor: int) -> Holder:
    try:
        holder = json.loads(os.pread(descriptor, _LIMIT, 0))
        text, address = f"process {holder['pid']} on {holder['host']}", str(holder["address"])
        return Holder(f"{text}, which listens on {address}" if address else text, address)
    except (OSError, ValueError, KeyError, TypeError):
        return Holder("another process")  # it has not written its name yet
