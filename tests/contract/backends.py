"""The back ends that are held to the contract, each with a way to open its stores, and to open them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from indelible.storage.memory import MemoryStores
from indelible.storage.posix import PosixStores

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.storage.protocols import CheckpointStore, IdIndex, Journal, ObjectStore

__all__ = ["BACKENDS", "AnyStores", "Backend"]


class AnyStores(Protocol):
    """The four seams of one log."""

    @property
    def journal(self) -> Journal: ...
    @property
    def ids(self) -> IdIndex: ...
    @property
    def objects(self) -> ObjectStore: ...
    @property
    def checkpoints(self) -> CheckpointStore: ...
    def close(self) -> None: ...


class Backend(Protocol):
    """One log's storage, which can be closed and opened again."""

    durable: bool
    """Whether what is stored outlives the process."""

    def __init__(self, folder: Path) -> None: ...

    def create(self) -> AnyStores:
        """New stores."""
        ...

    def reopen(self) -> AnyStores:
        """The stores made before, which are closed."""
        ...


class MemoryBackend:
    """In memory; opening again gives the same objects."""

    durable = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder  # nothing is kept there

    def create(self) -> MemoryStores:
        self._stores = MemoryStores()
        return self._stores

    def reopen(self) -> MemoryStores:
        return self._stores


class PosixBackend:
    """In files."""

    durable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> PosixStores:
        return PosixStores.create(self._folder, "main")

    def reopen(self) -> PosixStores:
        return PosixStores.open(self._folder, "main")


BACKENDS: dict[str, type[Backend]] = {"memory": MemoryBackend, "posix": PosixBackend}
