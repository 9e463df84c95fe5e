"""Space that is kept for what must be possible when the disk is full: revoking a key, recording that it was revoked.

A folder of files that hold nothing but zeroes. When there is no other space one of them is given up, so that an act has
room for its records and its change; when there is space again, they are made again. Other writers may take what was
given up before the act does: that is why there are several.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from indelible.errors import ReadOnly, StorageFull
from indelible.storage.durable import Disk

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PIECES", "PIECE_BYTES", "DiskReserve"]

PIECES = 16
PIECE_BYTES = 1 << 20
_LOW_WATER = PIECE_BYTES
_HIGH_WATER = 4 * PIECES * PIECE_BYTES


class DiskReserve:
    """The reserve of one data directory, for the process that writes there. Safe to use from several threads."""

    def __init__(self, folder: Path, *, low_water: int = _LOW_WATER, high_water: int = _HIGH_WATER) -> None:
        """Below ``low_water`` free bytes the disk is as good as full, above ``high_water`` there is space to spare."""
        self._folder = folder
        self._low_water = low_water
        self._high_water = high_water
        self._disk = Disk()
        self._lock = threading.Lock()

    @property
    def pieces(self) -> int:
        """How many files are there to be given up."""
        return len(self._files())

    def make_room(self, *, keep: float = 0) -> None:
        """Give one file up if the disk is as good as full and more than the share ``keep`` of all files is left."""
        with self._lock:
            files = self._files()
            if len(files) > keep * PIECES and self._free() < self._low_water:
                files[-1].unlink(missing_ok=True)

    def refill(self) -> None:
        """Make the files that are missing, as long as there is space to spare."""
        with self._lock:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700)
            for number in range(PIECES):
                path = self._folder / f"{number:02}"
                if path.exists():
                    continue
                if self._free() < self._high_water or not self._make(path):
                    return

    def _make(self, path: Path) -> bool:
        try:
            # Written, not only allocated: some file systems would not keep what was promised.
            self._disk.close(self._disk.create(path, bytes(PIECE_BYTES), mode=0o600))
        except (StorageFull, ReadOnly):
            return False
        return True

    def _files(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.is_dir() else []

    def _free(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize
