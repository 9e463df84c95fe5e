"""A log's folder: the objects of C2SP tlog-tiles as files that any static file server can serve.

New objects are written aside, synced together, and linked into place, which never overwrites. They are read-only files
(0444, less what the process's umask takes away). With ``immutable``, full tiles and bundles get the file system's
immutable flag on top: a deterrent and a trace, no more, since root can clear it.
"""

from __future__ import annotations

import os
from functools import cache, partial
from typing import TYPE_CHECKING

from indelible.errors import Damaged, InternalError, NotFound
from indelible.storage.durable import Disk
from indelible.storage.paths import CHECKPOINT, check_path, check_tile_path, is_object, is_partial
from indelible.storage.posix.files import read_whole
from indelible.storage.posix.immutable import set_immutable
from indelible.storage.posix.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["MAX_OBJECT", "PosixObjectReader", "PosixObjects"]

MAX_OBJECT = 256 * (2 + 65_535)
"""Bytes of a full bundle of the largest entries: the largest object there is."""
_READ_ONLY = 0o444
_BESIDE = "beside-"
"""What the names of temporaries begin with that another process than the log's makes."""


class PosixObjectReader:
    """Reads a log's folder, which something else may be writing."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, path: str) -> bytes:
        """See the protocol."""
        check_path(path)
        try:
            return read_whole(self._root / path, MAX_OBJECT)
        except FileNotFoundError:
            raise NotFound(f"there is no object {path}") from None

    def list(self, prefix: str) -> Iterator[str]:
        """See the protocol. What is not the path of an object is left out."""
        folder = prefix.rpartition("/")[0]
        if ".." in folder or folder.startswith("/"):
            return
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            for name, is_folder in _scan(self._root / folder):
                path = f"{folder}/{name}" if folder else name
                if not path.startswith(prefix):
                    continue
                if is_folder:
                    waiting.append(path)
                elif is_object(path):
                    yield path


class PosixObjects(PosixObjectReader):
    """See :class:`indelible.storage.protocols.ObjectStore`. Not for use by more than one thread."""

    def __init__(self, root: Path, staging: Staging, *, immutable: bool = False) -> None:
        """Write to an existing folder.

        With ``immutable``, full objects get the immutable flag: see :mod:`indelible.storage.posix.immutable`, which can
        say whether that works here.
        """
        super().__init__(root)
        self._staging = staging
        self._disk = staging.disk
        self._immutable = immutable
        self._folders = {root}  # known to be there, durably

    def opener(self) -> Callable[[], PosixObjects]:
        """Opens the same store in another process, once for all calls; can be pickled.

        Nothing here may write while that process does.
        """
        return partial(_opened_beside, self._root, self._staging.folder, immutable=self._immutable)

    def put(self, objects: Sequence[tuple[str, bytes]], *, replace: bool = False) -> None:
        """See the protocol."""
        for path, _ in objects:
            check_tile_path(path)
        targets = [self._root / path for path, _ in objects]
        staged = self._staging.write([data for _, data in objects], mode=_READ_ONLY)
        try:
            for target, file, (_, data) in zip(targets, staged, objects, strict=True):
                self._make_folder(target.parent)
                self._place(file, target, data, replace=replace)
        finally:
            self._staging.discard(staged)
        for folder in sorted({target.parent for target in targets}):
            self._disk.sync_directory(folder)
        if self._immutable:
            for path, target in zip((path for path, _ in objects), targets, strict=True):
                if not is_partial(path):
                    set_immutable(self._disk, target, immutable=True)

    def delete(self, paths: Sequence[str]) -> None:
        """See the protocol.

        Not synced: what a crash brings back is still a partial object of this log, and agrees with it.
        """
        for path in paths:
            if not is_partial(path):
                raise InternalError(f"{path} is not a partial object; nothing else is ever deleted")
        targets = [self._root / path for path in paths]
        for target in targets:
            self._disk.unlink(target)
        for folder in {target.parent for target in targets}:
            if self._disk.remove_directory(folder):
                self._folders.discard(folder)

    def publish(self, checkpoint: bytes) -> None:
        """See the protocol."""
        (staged,) = self._staging.write([checkpoint], mode=_READ_ONLY)
        try:
            self._staging.replace(staged, self._root / CHECKPOINT)
        finally:
            self._staging.discard([staged])

    def _make_folder(self, folder: Path) -> None:
        if folder not in self._folders:
            self._make_folder(folder.parent)
            self._disk.make_directory(folder)
            self._folders.add(folder)

    def _place(self, file: Path, target: Path, data: bytes, *, replace: bool) -> None:
        try:
            self._disk.link(file, target)
        except FileExistsError:
            if _holds(target, data):
                return
            if not replace:
                raise Damaged(
                    "it holds other bytes than those that the journal gives for it; it was not touched",
                    path=target,
                    remedy="run `indelible verify`; restore the data directory as a whole from its newest copy",
                ) from None
            if self._immutable:
                set_immutable(self._disk, target, immutable=False)
            self._disk.replace(file, target)


@cache
def _opened_beside(root: Path, temporaries: Path, *, immutable: bool) -> PosixObjects:
    for path in temporaries.glob(f"{_BESIDE}*"):
        path.unlink(missing_ok=True)  # of a process like this one that has ended, or is about to
    # Names of its own: a process that outlives the one it helps, for a moment, must not be in the way of the next one.
    staging = Staging(Disk(), temporaries, prefix=f"{_BESIDE}{os.getpid()}-")
    return PosixObjects(root, staging, immutable=immutable)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return read_whole(path, MAX_OBJECT) == data
    except Damaged:
        return False


def _scan(folder: Path) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(folder) as found:
            for item in found:
                yield item.name, item.is_dir(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return
