"""The four stores of one log in one data directory, made and opened together."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import Damaged, NotFound, UsageError
from indelible.storage.durable import Disk
from indelible.storage.posix.checkpoint_state import PosixCheckpoints, read_checkpoint_state
from indelible.storage.posix.files import LogPaths
from indelible.storage.posix.id_runs import PosixIds
from indelible.storage.posix.immutable import check_immutable
from indelible.storage.posix.journal import PosixJournal
from indelible.storage.posix.objects import PosixObjects
from indelible.storage.posix.staging import Staging

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.storage.posix.journal_scan import TornTail

__all__ = ["PosixStores"]

_RESTORE = "restore the data directory as a whole from its newest copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class PosixStores:
    """One log's stores. Whoever makes or opens them holds the writer's lock of the directory."""

    journal: PosixJournal
    ids: PosixIds
    objects: PosixObjects
    checkpoints: PosixCheckpoints
    disk: Disk
    """What all of them write with."""
    recovered: tuple[TornTail, ...]
    """What the last crash had left incomplete, and opening dropped: worth a warning each."""

    @classmethod
    def create(cls, data: Path, name: str, *, disk: Disk | None = None, immutable: bool = False) -> PosixStores:
        """Make the folders of a new log in an existing data directory, and open its stores.

        The log itself exists once its first checkpoint state does. Until then this can be called again.

        Raises:
            UsageError: there is a log of this name, or something that is left of one; or the name cannot be one.
            StorageFull: there is no space for it.
        """
        paths = LogPaths(data, name)
        if read_checkpoint_state(paths.checkpoint_state) is not None:
            raise UsageError(f"there is a log {name} in {data} already")
        disk = disk or Disk()
        for folder in (paths.objects, paths.journal, paths.state):
            disk.make_directory(folder.parent)
            disk.make_directory(folder)
        for folder in (paths.ids, paths.temporary):
            disk.make_directory(folder)
        with ExitStack() as opened:
            stores = cls._open(paths, disk, immutable=immutable, create=True)
            opened.callback(stores.close)
            if not stores.empty:
                detail = f"there is what is left of a log {name} in {data}; choose another name, or move it away"
                raise UsageError(detail)
            opened.pop_all()
        return stores

    @classmethod
    def open(cls, data: Path, name: str, *, disk: Disk | None = None, immutable: bool = False) -> PosixStores:
        """Open the stores of a log; remove what a crash left incomplete, and check what they can check by themselves.

        Args:
            data: The data directory.
            name: The log's name.
            disk: For all writing; by default one of its own.
            immutable: Whether full tiles and bundles get the file system's immutable flag.

        Raises:
            NotFound: there is no such log.
            Damaged: something of it is missing, or not what was written.
            ConfigurationError: it cannot be written here, or not in this way.
        """
        paths = LogPaths(data, name)
        if not paths.state.is_dir():
            raise NotFound(f"there is no log {name} in {data}")
        for folder in (paths.objects, paths.journal, paths.ids):
            if not folder.is_dir():
                raise Damaged("this folder of the log is missing", path=folder, remedy=_RESTORE)
        disk = disk or Disk()
        disk.make_directory(paths.temporary)
        with ExitStack() as opened:
            stores = cls._open(paths, disk, immutable=immutable, create=False)
            opened.callback(stores.close)
            if stores.checkpoints.load() is None and not stores.empty:
                raise Damaged("the checkpoint state is missing", path=paths.checkpoint_state, remedy=_RESTORE)
            opened.pop_all()
        return stores

    @classmethod
    def _open(cls, paths: LogPaths, disk: Disk, *, immutable: bool, create: bool) -> PosixStores:
        staging = Staging(disk, paths.temporary)
        staging.clean()
        if immutable:
            check_immutable(staging)
        ids = PosixIds.open(paths.ids, staging)
        try:
            journal = (PosixJournal.create if create else PosixJournal.open)(paths.journal, staging)
        except BaseException:
            ids.close()
            raise
        return cls(
            journal=journal,
            ids=ids,
            objects=PosixObjects(paths.objects, staging, immutable=immutable),
            checkpoints=PosixCheckpoints(paths.checkpoint_state, staging),
            disk=disk,
            recovered=journal.recovered,
        )

    def close(self) -> None:
        """Release all of them."""
        try:
            self.ids.close()
        finally:
            self.journal.close()

    @property
    def empty(self) -> bool:
        """Whether there is neither an entry nor an object."""
        return self.journal.end == 0 and self.ids.end == 0 and next(self.objects.list(""), None) is None
