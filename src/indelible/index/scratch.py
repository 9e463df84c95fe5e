"""A folder for one process's temporaries within an index folder that several processes may use at once.

Each holds a lock on its own; a folder whose lock is free was left by a crash and is removed by whoever comes next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

__all__ = ["PREFIX", "Scratch"]

PREFIX = "tmp-"
_LOCK = "lock"


class Scratch:
    """One process's folder for temporaries, its own until it is closed or the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Use :meth:`within` or :meth:`elsewhere`."""
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def within(cls, folder: Path) -> Self:
        """Make a folder within ``folder``, after those that crashes left there have been removed.

        Raises:
            OSError: it cannot be made.
        """
        for left in folder.glob(f"{PREFIX}*"):
            _remove_if_left(left)
        return cls._make(folder, PREFIX)

    @classmethod
    def elsewhere(cls) -> Self:
        """Make a folder where the system has its temporaries, and removes what crashes leave.

        Raises:
            OSError: it cannot be made.
        """
        return cls._make(Path(tempfile.gettempdir()).resolve(), "indelible-index-")

    def close(self) -> None:
        """Remove the folder and what is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)

    @classmethod
    def _make(cls, folder: Path, prefix: str) -> Self:
        while True:
            path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
            descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                return cls(path, descriptor)
            os.close(descriptor)  # another process took it for one that was left, before it was locked


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):  # another process removes it, or has just made it and not yet locked it
        descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        finally:
            os.close(descriptor)
