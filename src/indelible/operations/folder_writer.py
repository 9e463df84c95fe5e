"""Writing a folder of many files so that all of it is there, durably, or nothing has its name.

Files go into ``NAME.partial`` beside the final place; when everything is in, it is synced and gets its name. What a
crash leaves is removed by the next attempt.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from indelible.errors import StorageFull, UsageError
from indelible.storage.durable import Disk
from indelible.storage.system_calls import system_calls

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["FolderWriter"]

_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


class FolderWriter:
    """A folder in the making. As a context manager it removes what is not finished."""

    def __init__(self, target: Path) -> None:
        """Begin.

        Raises:
            UsageError: something has the name already.
        """
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(f"{target} exists already; choose a path that does not")
        self.target = target
        self.path = target.with_name(f"{target.name}.partial")
        self.sums: dict[str, str] = {}
        """The SHA-256 of each file, by its path below the folder."""
        self.bytes = self.linked = 0
        """How much was written, and how many files exist under another name, too."""
        self._disk = Disk()
        self._finished = False
        shutil.rmtree(self.path, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=_PRIVATE_FOLDER)

    def folder(self, name: str) -> Path:
        """Make a folder, if need be."""
        path = self.path / name
        path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        return path

    def write(self, name: str, chunks: bytes | Iterable[bytes], *, mode: int = _PRIVATE_FILE) -> None:
        """Write one file.

        Raises:
            StorageFull: there is no space.
        """
        digest = hashlib.sha256()
        path = self.path / name
        self.folder(str(Path(name).parent))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in (chunks,) if isinstance(chunks, bytes) else chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    self.bytes += len(chunk)
        except OSError as error:
            raise StorageFull(f"cannot write {path}: {error.strerror}") from error
        self.sums[name] = digest.hexdigest()

    def link(self, name: str, existing: Path) -> bool:
        """Give a file that exists already a name here, if that can be; says whether it could."""
        self.folder(str(Path(name).parent))
        try:
            os.link(existing, self.path / name, follow_symlinks=False)
        except OSError:
            return False  # not there, or on another file system: it is written instead
        self.sums[name] = hashlib.sha256((self.path / name).read_bytes()).hexdigest()
        self.linked += 1
        return True

    def finish(self) -> None:
        """Make everything durable and give the folder its name."""
        self._sync()
        if self.target.exists():
            self.target.rmdir()  # it is empty
        self.path.rename(self.target)
        self._disk.sync_directory(self.target.parent)
        self._finished = True

    def _sync(self) -> None:
        calls = system_calls(sys.platform)
        paths = [self.path] if calls.syncs_file_systems else [self.path, *self.path.rglob("*")]
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                (calls.sync_file_system if calls.syncs_file_systems else calls.sync)(descriptor)
            finally:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._finished:
            shutil.rmtree(self.path, ignore_errors=True)
