"""Reading files whole, and naming the folders of one log.

Follows no symbolic link in the place of a file and waits for no pipe: neither is what was written.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from indelible.config import check_log_name
from indelible.errors import PASSING, Damaged, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["LogPaths", "open_to_read", "read_steadily", "read_whole"]

T = TypeVar("T")

_ATTEMPTS = 20
_RESTORE = "restore the data directory as a whole from its newest copy"


@dataclass(frozen=True, slots=True)
class LogPaths:
    """Where one log lies below a data directory. All of it, but for the index, must be on one file system.

    Raises:
        UsageError: the name cannot name a log.
    """

    data: Path
    name: str

    def __post_init__(self) -> None:
        check_log_name(self.name, system=True)

    @property
    def objects(self) -> Path:
        """The C2SP log: checkpoint, tiles, entry bundles, and nothing else."""
        return self.data / "logs" / self.name

    @property
    def journal(self) -> Path:
        """The segments of the journal."""
        return self.data / "journal" / self.name

    @property
    def state(self) -> Path:
        """What only the writer needs."""
        return self.data / "state" / self.name

    @property
    def checkpoint_state(self) -> Path:
        """The largest tree committed to."""
        return self.state / "checkpoint-state"

    @property
    def ids(self) -> Path:
        """The runs of the id index."""
        return self.state / "ids"

    @property
    def index(self) -> Path:
        """The segments of the search index: derived, and not needed by the log."""
        return self.data / "index" / self.name

    @property
    def temporary(self) -> Path:
        """Files that are being written; emptied at each start."""
        return self.state / "tmp"


def open_to_read(path: Path) -> int:
    """A descriptor for reading a regular file.

    Raises:
        FileNotFoundError: it is not there.
        Damaged: something that is not a file has its name, or it cannot be opened.
        Unavailable: the machine lacks what opening takes, which passes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from None
    except OSError as error:
        if error.errno in PASSING:
            raise Unavailable(f"{path} cannot be opened now: {error.strerror}", retry_after=1.0) from error
        raise Damaged(
            f"it cannot be opened: {error.strerror}", path=path, remedy="check its permissions, and that it is a file"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Damaged("it is not a file", path=path, remedy="move it away, and restore the file")
    return descriptor


def read_whole(path: Path, limit: int) -> bytes:
    """All bytes of a file of at most ``limit`` bytes.

    Raises:
        FileNotFoundError: it is not there.
        Damaged: it is larger, is no file, or cannot be read.
    """
    with open(open_to_read(path), "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise Damaged(f"it is larger than {limit} bytes", path=path, remedy="restore the file")
        try:
            return file.readall()
        except OSError as error:
            raise Damaged(f"it cannot be read: {error.strerror}", path=path, remedy="check the disk") from error


def read_steadily(folder: Path, read: Callable[[Path], T]) -> T:
    """Read files that a writer may be replacing: again, as long as the folder has changed in between.

    Raises:
        Damaged: what was found while the folder stood still is damaged, or files are missing.
    """
    before = _survey(folder)
    for _ in range(_ATTEMPTS):
        try:
            return read(folder)
        except (Damaged, FileNotFoundError) as error:
            after = _survey(folder)
            if after == before:
                if isinstance(error, Damaged):
                    raise
                raise Damaged("this folder of the log is missing", path=folder, remedy=_RESTORE) from error
            before = after
    raise Unavailable(f"{folder} changes faster than it can be read")


def _survey(folder: Path) -> dict[str, tuple[int, int]]:
    """The names in a folder, and what would show that a file has changed."""
    found = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as items:
        for item in items:
            with contextlib.suppress(FileNotFoundError):
                status = item.stat(follow_symlinks=False)
                found[item.name] = (status.st_size, status.st_mtime_ns)
    return found
