"""How a verifier gets at a log's files: a protocol, and a folder on disk behind it.

A fetcher is told C2SP tlog-tiles paths (``checkpoint``, ``tile/0/000``, ``tile/entries/x001/234.p/5``) and nothing
else; it answers with bytes and judges nothing. It is handed to worker processes, so it must survive pickling. Listing
is a second, optional ability: a folder can be searched for what does not belong there, a URL cannot.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from indelible.errors import NotFound, TooLarge
from indelible.formats.entry_bundle import MAX_BUNDLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MAX_OBJECT_BYTES", "DirectoryFetcher", "Fetcher", "Lister"]

MAX_OBJECT_BYTES = MAX_BUNDLE_BYTES
"""The largest thing in a log: a full entry bundle of largest entries (tlog-tiles, "Log entries")."""


class Fetcher(Protocol):
    """Gets the files of one log."""

    def get(self, path: str) -> bytes:
        """The bytes under a path.

        Raises:
            NotFound: there is no such file.
            TooLarge: there is one, beyond :data:`MAX_OBJECT_BYTES`.
            Unavailable: it could not be had now; nothing is known about it.
        """
        ...


@runtime_checkable
class Lister(Protocol):
    """Knows everything that is there, not only what it is asked for."""

    def paths(self) -> Iterator[str]:
        """Every file (and whatever else is not a folder), relative, with ``/``, in no particular order."""
        ...


@dataclass(frozen=True, slots=True)
class DirectoryFetcher:
    """A log's folder on disk. Follows no symbolic link inside of it: a link is not what was written."""

    root: Path

    def get(self, path: str) -> bytes:
        """The bytes of one file; see :class:`Fetcher`."""
        try:
            # NONBLOCK, so that a pipe in the place of a file cannot hold the verifier up.
            descriptor = os.open(f"{self.root}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"{path} does not exist") from None
        except OSError as error:
            raise NotFound(f"{path} cannot be opened: {error.strerror}") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotFound(f"{path} is not a file")
            if status.st_size > MAX_OBJECT_BYTES:
                raise TooLarge(f"{path} is larger than anything in a log", limit=MAX_OBJECT_BYTES)
            return _read(descriptor, status.st_size)
        finally:
            os.close(descriptor)

    def paths(self) -> Iterator[str]:
        """Every path below the folder that is not a folder; see :class:`Lister`."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            with os.scandir(self.root / folder) as found:
                for item in found:
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(f"{folder}{item.name}/")
                    else:
                        yield f"{folder}{item.name}"


def _read(descriptor: int, size: int) -> bytes:
    """So many bytes, or fewer where the file ends before; in one call wherever the system gives them in one."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data
