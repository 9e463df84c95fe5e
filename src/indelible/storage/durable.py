"""Durable acts on files: the one module that knows what fsync is for. Every byte that a back end keeps passes here.

:class:`Disk` has a method for each act and one meaning for each failure:

- no space (``ENOSPC``, ``EDQUOT``) before anything was promised: :class:`~indelible.errors.StorageFull`. What was half
  written has been undone, and the next attempt may succeed;
- anything else, and any sync that failed for whatever reason: :class:`~indelible.errors.ReadOnly`, and from then on for
  every act. The kernel may have marked the pages clean that it could not write, so a second fsync can succeed with the
  data lost. Only a restart, which verifies first, may write again.

It refuses to overwrite: new files are made exclusively and published by a link or by an atomic replacement.
"""

from __future__ import annotations

import contextlib
import errno
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import Damaged, ReadOnly, StorageFull
from indelible.storage.system_calls import system_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from indelible.storage.system_calls import SystemCalls

__all__ = ["Disk", "OpenFile"]

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_TOGETHER = 8
"""From so many files on one syncfs is cheaper than an fsync each, even with other writers on the file system."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file open for writing; the path is for messages."""

    path: Path
    descriptor: int


class Disk:
    """Durable acts, of which none is tried again after one has failed. Safe to use from several threads.

    The stores of one log share a disk, so that a failed sync of any of them stops all of them. Every act raises
    :class:`~indelible.errors.ReadOnly` once one has failed for good.
    """

    def __init__(self, calls: SystemCalls | None = None) -> None:
        """Use the calls of this system, or others.

        Raises:
            ConfigurationError: it is not known how data is made durable on this system.
        """
        self._calls = calls or system_calls(sys.platform)
        self._failure: str | None = None

    @property
    def failure(self) -> str | None:
        """Why nothing may be written any more, or ``None``."""
        return self._failure

    def fail(self, reason: str) -> ReadOnly:
        """Refuse every act from now on. Returns the error to raise; the first reason stays."""
        if self._failure is None:
            self._failure = reason
        return ReadOnly(self._failure)

    def check(self) -> None:
        """Raise unless writing is allowed.

        Raises:
            ReadOnly: an act has failed before.
        """
        if self._failure is not None:
            raise ReadOnly(self._failure)

    def create(self, path: Path, data: bytes | memoryview = b"", *, mode: int = 0o644) -> OpenFile:
        """Make a new file that holds ``data``, not yet durable. Whoever calls closes it.

        Raises:
            FileExistsError: the name is taken.
            StorageFull: nothing was made.
        """
        with self._act("create", path, answers=FileExistsError):
            file = OpenFile(path, self._calls.create(path, mode))
        try:
            self.write(file, data, 0)
        except StorageFull:
            self.close(file)
            with contextlib.suppress(OSError):  # a temporary that stays is removed at the next start
                self._calls.unlink(path)
            raise
        except BaseException:
            self.close(file)
            raise
        return file

    def create_all(self, files: Sequence[tuple[Path, bytes]], *, mode: int = 0o644) -> None:
        """Make several new files, durable together when this returns; their names are not.

        Raises:
            FileExistsError: a name is taken.
            StorageFull: some of them may have been made.
        """
        together = self._calls.syncs_file_systems and len(files) >= _TOGETHER
        first = None
        try:
            for path, data in files:
                file = self.create(path, data, mode=mode)
                if together and first is None:
                    first = file  # syncfs reports what went wrong since this one was opened
                    continue
                try:
                    if not together:
                        self.sync(file)
                finally:
                    self.close(file)
            if first is not None:
                self._sync(self._calls.sync_file_system, first)
        finally:
            if first is not None:
                self.close(first)

    def open(self, path: Path) -> OpenFile:
        """Open an existing file for writing.

        Raises:
            FileNotFoundError: it is not there.
        """
        with self._act("open", path, answers=FileNotFoundError):
            return OpenFile(path, self._calls.open(path))

    def write(self, file: OpenFile, data: bytes | memoryview, offset: int) -> None:
        """Write all of ``data`` at ``offset`` of a file that nobody relies on yet.

        Raises:
            StorageFull: some of it may have been written.
        """
        with self._act("write to", file.path):
            rest = memoryview(data)
            while rest:
                written = self._calls.write(file.descriptor, rest, offset)
                if written == 0:
                    raise OSError(errno.EIO, "nothing was written")
                rest = rest[written:]
                offset += written

    def append(self, file: OpenFile, data: bytes | memoryview, end: int) -> None:
        """Write all of ``data`` at ``end``, the end of the file, and make it durable; or leave the file as it was.

        Raises:
            StorageFull: the file is as it was.
            ReadOnly: it is unknown how much of the data is there, until the next start.
        """
        try:
            self.write(file, data, end)
        except StorageFull:
            # Durably, because the next append may be shorter: what it does not cover must not come back after a crash.
            self.truncate(file, end)
            raise
        self.datasync(file)

    def truncate(self, file: OpenFile, size: int) -> None:
        """Cut a file, durably."""
        with self._act("truncate", file.path, final=True):
            self._calls.truncate(file.descriptor, size)
        self.sync(file)

    def datasync(self, file: OpenFile) -> None:
        """Make a file's data durable, and its size."""
        self._sync(self._calls.datasync, file)

    def sync(self, file: OpenFile) -> None:
        """Make a file durable; its name is not."""
        self._sync(self._calls.sync, file)

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable."""
        with self._act("sync", path, final=True):
            self._calls.sync_directory(path)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name, not yet durable.

        Raises:
            FileExistsError: the name is taken; nothing was overwritten.
            StorageFull: there is no second name.
        """
        with self._act("link", target, answers=FileExistsError):
            self._calls.link(source, target)

    def replace(self, source: Path, target: Path) -> None:
        """Move a file over another, atomically, not yet durably.

        Raises:
            StorageFull: nothing was moved.
        """
        with self._act("replace", target):
            self._calls.replace(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a name, not yet durably; one that is not there is no error."""
        with contextlib.suppress(FileNotFoundError), self._act("remove", path, answers=FileNotFoundError, final=True):
            self._calls.unlink(path)

    def make_directory(self, path: Path) -> None:
        """Make one directory, unless it is there, and make it durable together with its name.

        Raises:
            Damaged: something else has the name.
            StorageFull: it was not made.
        """
        try:
            with self._act("create the directory", path, answers=FileExistsError):
                self._calls.make_directory(path)
        except FileExistsError as error:
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise Damaged("it is not a directory", path=path, remedy="move it away") from error
        # Also when it was there: the crash that left it may have come before its name was durable.
        self.sync_directory(path)
        self.sync_directory(path.parent)

    def remove_directory(self, path: Path) -> bool:
        """Remove a directory if it is empty, not durably; says whether it was."""
        with self._act("remove", path, final=True):
            try:
                self._calls.remove_directory(path)
            except OSError as error:
                if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                    return False
                raise
        return True

    def close(self, file: OpenFile) -> None:
        """Close a file. What matters has been synced before."""
        self._calls.close(file.descriptor)

    def _sync(self, call: Callable[[int], None], file: OpenFile) -> None:
        # Final even for want of space: the kernel has let go of what it could not write.
        with self._act("sync", file.path, final=True):
            call(file.descriptor)

    @contextlib.contextmanager
    def _act(
        self, act: str, path: Path, *, answers: type[OSError] | tuple[()] = (), final: bool = False
    ) -> Iterator[None]:
        """Give a failure of the calls within its meaning; ``answers`` are no failures, but for the caller to judge."""
        self.check()
        try:
            yield
        except answers:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in _NO_SPACE and not final:
                raise StorageFull(f"no space to {act} {path}: {reason}; free some, and appends go on") from error
            remedy = "see to the disk and restart: what is stored is verified before anything is written again"
            raise self.fail(f"could not {act} {path}: {reason}. Nothing more is written; {remedy}") from error
