"""A log that is a list in memory, for an index to follow: tests append to it and publish what they like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import NotFound
from indelible.formats import entry_bundle
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.tile import TILE_WIDTH
from indelible.log import StoredEntry
from indelible.log.reader import Published
from indelible.merkle import leaf_hash, leaf_hashes, tree_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ListedLog:
    """A source of entries, see :class:`indelible.index.EntrySource`."""

    def __init__(self, entries: Iterable[bytes] = (), *, origin: str = "log.example/main") -> None:
        self.origin = origin
        self.all = list(entries)
        self.size = 0
        self.bundles_read = 0
        self.publish()

    def append(self, *entries: bytes) -> None:
        self.all += entries

    def publish(self, size: int | None = None) -> None:
        self.size = len(self.all) if size is None else size
        root = tree_root(leaf_hashes(self.all[: self.size]))
        self._published = Published(note=b"", checkpoint=Checkpoint(origin=self.origin, size=self.size, root=root))

    def acknowledged(self) -> int:
        return len(self.all)

    def published(self) -> Published:
        return self._published

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        self.bundles_read += max(min(-(-end // TILE_WIDTH), self.size // TILE_WIDTH) - start // TILE_WIDTH, 0)
        return iter(list(enumerate(self.all))[start:end])

    def get(self, index: int) -> StoredEntry:
        if index >= len(self.all):
            raise NotFound(f"no entry {index}")
        entry = self.all[index]
        return StoredEntry(index, entry, leaf_hash(entry), published=index < self.size)

    def bundle(self, number: int) -> bytes:
        end = (number + 1) * TILE_WIDTH
        if end > self.size:
            raise NotFound(f"no bundle {number}")
        self.bundles_read += 1
        return entry_bundle.encode(self.all[end - TILE_WIDTH : end])

    def wait(self, beyond: int, timeout: float) -> None:  # noqa: ARG002 - whoever tests the thread uses a real log
        return
