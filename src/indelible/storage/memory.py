"""Storage in memory: for tests, and for logs that need not outlive the process. It keeps the same laws as any other."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from indelible.errors import Damaged, InternalError, NotFound
from indelible.storage.paths import CHECKPOINT, check_path, check_tile_path, is_partial
from indelible.storage.protocols import check_swap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.storage.protocols import CheckpointState

__all__ = ["MemoryCheckpoints", "MemoryIds", "MemoryJournal", "MemoryObjects", "MemoryStores"]


class MemoryJournal:
    """See :class:`indelible.storage.protocols.Journal`."""

    def __init__(self) -> None:
        self._start = 0
        self._entries: list[bytes] = []

    @property
    def start(self) -> int:
        """See the protocol."""
        return self._start

    @property
    def end(self) -> int:
        """See the protocol."""
        return self._start + len(self._entries)

    def append(self, first_index: int, entries: Sequence[bytes]) -> None:
        """See the protocol."""
        if first_index != self.end or not entries:
            raise InternalError(f"{len(entries)} entries from {first_index} on cannot be appended to {self.end}")
        self._entries.extend(entries)

    def replay(self, start: int) -> Iterator[tuple[int, bytes]]:
        """See the protocol."""
        start = max(start, self._start)
        return enumerate(islice(self._entries, start - self._start, None), start)

    def trim(self, below: int) -> None:
        """See the protocol."""
        if below > self.end:
            raise InternalError(f"the journal ends at {self.end}, so it cannot be trimmed below {below}")
        if below > self._start:
            del self._entries[: below - self._start]
            self._start = below

    def close(self) -> None:
        """See the protocol."""


class MemoryIds:
    """See :class:`indelible.storage.protocols.IdIndex`."""

    def __init__(self) -> None:
        self._indices: dict[bytes, int] = {}

    @property
    def end(self) -> int:
        """See the protocol."""
        return len(self._indices)

    @property
    def watermark(self) -> int:
        """See the protocol. What is in memory survives no crash."""
        return 0

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        """See the protocol."""
        return list(map(self._indices.get, ids))

    def insert(self, first_index: int, ids: Sequence[bytes]) -> None:
        """See the protocol."""
        end = first_index + len(ids)
        if first_index != self.end or any(len(id_) != 16 for id_ in ids):
            raise InternalError(f"these are no ids for the entries from {first_index} on; {self.end} are held")
        self._indices.update(zip(ids, range(first_index, end), strict=True))
        if self.end != end:
            raise InternalError(f"an id stands twice among the entries below {end}")

    def close(self) -> None:
        """See the protocol."""


class MemoryObjects:
    """See :class:`indelible.storage.protocols.ObjectStore`."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, objects: Sequence[tuple[str, bytes]], *, replace: bool = False) -> None:
        """See the protocol."""
        for path, data in objects:
            check_tile_path(path)
            if not replace and self._objects.get(path, data) != data:
                raise Damaged("it holds other bytes than those that were to be put", path=path, remedy="none in memory")
        self._objects.update(objects)

    def get(self, path: str) -> bytes:
        """See the protocol."""
        check_path(path)
        try:
            return self._objects[path]
        except KeyError:
            raise NotFound(f"there is no object {path}") from None

    def delete(self, paths: Sequence[str]) -> None:
        """See the protocol."""
        for path in paths:
            if not is_partial(path):
                raise InternalError(f"{path} is not a partial object; nothing else is ever deleted")
        for path in paths:
            self._objects.pop(path, None)

    def list(self, prefix: str) -> Iterator[str]:
        """See the protocol."""
        return iter([path for path in self._objects if path.startswith(prefix)])

    def publish(self, checkpoint: bytes) -> None:
        """See the protocol."""
        self._objects[CHECKPOINT] = checkpoint


class MemoryCheckpoints:
    """See :class:`indelible.storage.protocols.CheckpointStore`."""

    def __init__(self) -> None:
        self._state: CheckpointState | None = None

    def load(self) -> CheckpointState | None:
        """See the protocol."""
        return self._state

    def swap(self, expected: CheckpointState | None, new: CheckpointState) -> None:
        """See the protocol."""
        check_swap(self._state, expected, new)
        self._state = new


class MemoryStores:
    """One log's stores in memory."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.ids = MemoryIds()
        self.objects = MemoryObjects()
        self.checkpoints = MemoryCheckpoints()

    def close(self) -> None:
        """Release nothing: what is in memory stays as long as this object does."""
