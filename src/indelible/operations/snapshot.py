"""One log of a running server as it is at one moment, held still while it is copied. No lock is needed.

The order makes what is held consistent with itself, whatever the writer does meanwhile:

1. the id runs are opened. They end at or below what is journaled by now;
2. the signed checkpoint is read: a tree of ``size`` entries, which never changes again;
3. the journal is opened. It reaches from ``size`` or before to what is acknowledged by now. Should the writer have
   published and trimmed between 2 and 3 so that it begins after ``size``, all is taken again.

Open files stay as they are when the writer deletes their names. Tiles and bundles need not be held: those of a tree of
``size`` entries are a function of ``size``, full ones never change, and a partial one that has been deleted meanwhile
is the beginning of the full one that replaced it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from indelible.errors import NotFound, Unavailable
from indelible.formats import entry_bundle
from indelible.formats.entry_bundle import bundle_path
from indelible.formats.tile import TILE_WIDTH, Tile
from indelible.log import Published
from indelible.merkle import HASH_SIZE
from indelible.storage.posix import PosixObjectReader, read_journal
from indelible.storage.posix.checkpoint_state import encode_state
from indelible.storage.posix.files import open_to_read
from indelible.storage.posix.run_set import choose_runs
from indelible.storage.protocols import CheckpointState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from indelible.storage.posix import JournalReader, LogPaths

__all__ = ["LogSnapshot", "OpenFile", "object_count"]

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is read although its name may be gone."""

    name: str
    descriptor: int


class LogSnapshot:
    """A log held still, until :meth:`close`."""

    def __init__(
        self, paths: LogPaths, published: Published, journal: JournalReader, runs: list[OpenFile], held: ExitStack
    ) -> None:
        """Use :meth:`take`."""
        self._objects = PosixObjectReader(paths.objects)
        self._held = held
        self.published = published
        self.journal = journal
        self.runs = runs

    @classmethod
    def take(cls, paths: LogPaths) -> Self:
        """Hold a log as it is now.

        Raises:
            NotFound: it has no checkpoint.
            Damaged: something of it is not what was written.
            Unavailable: it changes faster than it can be held.
        """
        for _ in range(_ATTEMPTS):
            with ExitStack() as stack:
                try:
                    runs = [_open(stack, path.name, open_to_read(path)) for path in choose_runs(paths.ids)[0]]
                except FileNotFoundError:
                    continue  # merged between the look at the folder and the opening
                published = Published.parse(PosixObjectReader(paths.objects).get("checkpoint"))
                journal = stack.enter_context(read_journal(paths.journal))
                if journal.start <= published.checkpoint.size <= journal.end:
                    return cls(paths, published, journal, runs, stack.pop_all())
        raise Unavailable(f"the log {paths.name} changes faster than it can be held; try again")

    @property
    def size(self) -> int:
        """The entries that the checkpoint covers."""
        return self.published.checkpoint.size

    def state(self) -> bytes:
        """The checkpoint state that this checkpoint amounts to."""
        checkpoint = self.published.checkpoint
        return encode_state(CheckpointState(size=checkpoint.size, root=checkpoint.root))

    def object_paths(self) -> Iterator[str]:
        """The paths of every tile and bundle of the tree, and no others."""
        for number, width in _spans(self.size):
            yield bundle_path(number, width)
        level, count = 0, self.size
        while count:
            for index, width in _spans(count):
                yield Tile(level, index, width).path
            level, count = level + 1, count // TILE_WIDTH

    def object(self, path: str) -> bytes:
        """One of them.

        Raises:
            NotFound: it is missing from the log.
            Damaged: it is not a file.
        """
        try:
            return self._objects.get(path)
        except NotFound:
            full, partial, width = path.partition(".p/")
            if not partial:
                raise
            data = self._objects.get(full)
            if path.startswith("tile/entries/"):
                return entry_bundle.encode(entry_bundle.decode_prefix(data, int(width)))
            return data[: int(width) * HASH_SIZE]

    def close(self) -> None:
        """Let go."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def object_count(size: int) -> int:
    """How many tiles and bundles a tree of ``size`` entries has."""
    total, count = -(-size // TILE_WIDTH), size
    while count:
        total += -(-count // TILE_WIDTH)
        count //= TILE_WIDTH
    return total


def _open(stack: ExitStack, name: str, descriptor: int) -> OpenFile:
    stack.callback(os.close, descriptor)
    return OpenFile(name, descriptor)


def _spans(count: int) -> Iterator[tuple[int, int]]:
    """``(number, width)`` of the tiles or bundles that hold ``count`` things."""
    full, rest = divmod(count, TILE_WIDTH)
    for number in range(full):
        yield number, TILE_WIDTH
    if rest:
        yield full, rest
