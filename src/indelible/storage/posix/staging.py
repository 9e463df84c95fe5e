"""New files come into being under a temporary name, are synced there, and get their real name only when they are whole.

Temporaries lie in a folder of their own, on the same file system as all that is published from it: a log's folder holds
nothing but the log, and a crash leaves nothing half-written under a name that means something.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indelible.storage.durable import Disk, OpenFile

__all__ = ["Staging"]


class Staging:
    """The folder for one writer's temporaries. Safe to use from several threads."""

    def __init__(self, disk: Disk, folder: Path, *, prefix: str = "") -> None:
        """Use an existing folder that nothing else writes to, or only under names with another ``prefix``."""
        self.disk = disk
        self.folder = folder
        self._prefix = prefix
        self._numbers = itertools.count()

    def clean(self) -> None:
        """Remove what a crash left behind. Called before anything is staged."""
        for path in self.folder.iterdir():
            self.disk.unlink(path)

    def write(self, contents: Sequence[bytes], *, mode: int = 0o644) -> list[Path]:
        """New files with these contents, durable together; not so their names.

        Raises:
            StorageFull: nothing was written.
        """
        files = [(self._new_path(), content) for content in contents]
        try:
            self.disk.create_all(files, mode=mode)
        except BaseException:
            self.discard([path for path, _ in files])
            raise
        return [path for path, _ in files]

    def open(self, data: bytes = b"", *, mode: int = 0o644) -> OpenFile:
        """One new file, open and not yet durable, for whoever writes it piece by piece."""
        return self.disk.create(self._new_path(), data, mode=mode)

    def link(self, staged: Path, target: Path) -> None:
        """Give a durable file its real name, which must be free, durably.

        Raises:
            FileExistsError: the name is taken.
        """
        self.disk.link(staged, target)
        self.disk.sync_directory(target.parent)

    def replace(self, staged: Path, target: Path) -> None:
        """Give a durable file its real name in the place of another, atomically and durably."""
        self.disk.replace(staged, target)
        self.disk.sync_directory(target.parent)

    def discard(self, staged: Sequence[Path]) -> None:
        """Remove temporary names; what has a real name keeps it. After a failure they stay until the next start."""
        if self.disk.failure is None:
            for path in staged:
                self.disk.unlink(path)

    def _new_path(self) -> Path:
        return self.folder / f"{self._prefix}{next(self._numbers)}"
