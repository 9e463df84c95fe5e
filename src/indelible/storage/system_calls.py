"""The acts on a file system on which durability rests, one method each, as the kernel offers them.

Nothing is decided here: an act is done, or raises ``OSError``. What the answer means is decided in
:mod:`indelible.storage.durable`. The two are apart so that a disk which fails, or forgets what was not synced, can be
handed in. Linux and macOS; on any other system it is not known which call makes data durable, so there is none.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
from typing import TYPE_CHECKING

from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SystemCalls", "linux_calls", "mac_calls", "system_calls"]

_RELEASE = re.compile(r"(\d{1,4})\.(\d{1,4})")
_SYNCFS_REPORTS_ERRORS = (5, 8)
"""Before this kernel, syncfs(2) returned 0 even when data could not be written: worse than useless here."""
_F_FULLFSYNC = 51  # <sys/fcntl.h> of macOS; the module fcntl has the name only there


class SystemCalls:
    """One system's calls. Linux and macOS differ in how they sync, and in nothing else that matters here."""

    def __init__(
        self,
        *,
        datasync: Callable[[int], None],
        sync: Callable[[int], None],
        sync_file_system: Callable[[int], None] | None = None,
    ) -> None:
        self._datasync = datasync
        self._sync = sync
        self._sync_file_system = sync_file_system

    @property
    def syncs_file_systems(self) -> bool:
        """Whether :meth:`sync_file_system` is there."""
        return self._sync_file_system is not None

    def create(self, path: Path, mode: int) -> int:
        """Make a file that was not there and open it for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)

    def open(self, path: Path) -> int:
        """Open a file that is there for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)

    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """Write at ``offset``; says how many bytes were written, which may be fewer."""
        return os.pwrite(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        os.ftruncate(descriptor, size)

    def datasync(self, descriptor: int) -> None:
        """Make the file's data durable, and what is needed to read it back."""
        self._datasync(descriptor)

    def sync(self, descriptor: int) -> None:
        """Make the file durable."""
        self._sync(descriptor)

    def sync_file_system(self, descriptor: int) -> None:
        """Make everything durable that was written to the file's file system since it was opened."""
        if self._sync_file_system is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self._sync_file_system(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name, which must be free."""
        target.hardlink_to(source)

    def replace(self, source: Path, target: Path) -> None:
        """Move a name over another, atomically."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        path.unlink()

    def make_directory(self, path: Path) -> None:
        """Make one directory in one that is there."""
        path.mkdir()

    def remove_directory(self, path: Path) -> None:
        """Remove an empty directory."""
        path.rmdir()

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)


def linux_calls(release: str) -> SystemCalls:
    """Linux: fdatasync, fsync and, where it reports errors, syncfs. ``release`` is the kernel's, as in ``uname -r``."""
    found = _RELEASE.match(release)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    libc = ctypes.CDLL(None, use_errno=True)

    def sync_file_system(descriptor: int) -> None:
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    usable = version >= _SYNCFS_REPORTS_ERRORS and hasattr(libc, "syncfs")
    return SystemCalls(datasync=os.fdatasync, sync=os.fsync, sync_file_system=sync_file_system if usable else None)


def mac_calls() -> SystemCalls:
    """macOS: fsync there hands data to the drive, which may keep it in its cache; F_FULLFSYNC flushes that too."""

    def sync(descriptor: int) -> None:
        fcntl.fcntl(descriptor, _F_FULLFSYNC)

    return SystemCalls(datasync=sync, sync=sync)


def system_calls(platform: str) -> SystemCalls:
    """The calls of a system, named as in ``sys.platform``.

    Raises:
        ConfigurationError: it is not known how data is made durable there.
    """
    if platform == "linux":
        return linux_calls(os.uname().release)
    if platform == "darwin":
        return mac_calls()
    raise ConfigurationError(
        f"a log cannot be written on {platform!r}: it is not known how to make data durable there; use Linux or macOS"
    )
