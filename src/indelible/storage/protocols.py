"""The four storage seams: what a log needs of a back end, and no more.

A back end is a set of four objects, one for each protocol here. ``tests/contract`` holds every back end to the same
suite. The protocols are synchronous: blocking work happens on the log's own threads, never on an event loop.

Errors, alike in all back ends: :class:`~indelible.errors.StorageFull` when there is no space (nothing half-written, the
next attempt may succeed); :class:`~indelible.errors.ReadOnly` after a failed sync, for good (only a restart, which
verifies first, may write again); :class:`~indelible.errors.Damaged` when what is stored cannot be what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from indelible.errors import RolledBack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.merkle import Hash

__all__ = ["CheckpointState", "CheckpointStore", "IdIndex", "Journal", "ObjectReader", "ObjectStore", "check_swap"]


class Journal(Protocol):
    """The entries that are acknowledged but perhaps not yet in tiles, in order, without gaps.

    Until the objects are durable the journal is the truth. One thread appends and trims; others do not touch it.
    """

    @property
    def start(self) -> int:
        """The index of the first entry held; equal to ``end`` when nothing is held."""
        ...

    @property
    def end(self) -> int:
        """The index that the next entry will get."""
        ...

    def append(self, first_index: int, entries: Sequence[bytes]) -> None:
        """Append one group, all or nothing; it is on stable storage when this returns.

        ``first_index`` must equal ``end``. When this raises, nothing of the group is in the journal, unless the error
        is :class:`~indelible.errors.ReadOnly`: then it is unknown until the next start.
        """
        ...

    def replay(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for every entry in ``[max(start, self.start), end)``, each checked."""
        ...

    def trim(self, below: int) -> None:
        """Forget entries below ``below``, a multiple of 256; a back end may keep some of them longer."""
        ...

    def close(self) -> None:
        """Release what is held. Nothing is lost."""
        ...


class IdIndex(Protocol):
    """Event id → index, for the whole life of the log. Ids are the 16 bytes of a UUID.

    Every entry has exactly one id, and ids are inserted in the order of their indices, so an index holds
    ``[0, end)`` without gaps. ``[0, watermark)`` of it survives a crash; the rest is inserted again from the log.
    """

    @property
    def end(self) -> int:
        """The number of ids held: the index that the next inserted id must have."""
        ...

    @property
    def watermark(self) -> int:
        """Ids of entries below this index are durable here."""
        ...

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        """The index of each id, or ``None`` for an id never seen."""
        ...

    def insert(self, first_index: int, ids: Sequence[bytes]) -> None:
        """Insert ids for consecutive entries from ``first_index``, which must equal ``end``.

        They need not be durable yet. The entries already are, so this does not fail for want of space: ids stay in
        memory until there is some.
        """
        ...

    def close(self) -> None:
        """Make what is held durable where that is cheap, and release it."""
        ...


class ObjectReader(Protocol):
    """Whatever gives the objects of a log by their C2SP tlog-tiles paths."""

    def get(self, path: str) -> bytes:
        """The bytes under a path.

        Raises:
            NotFound: there is no such object.
        """
        ...


class ObjectStore(ObjectReader, Protocol):
    """Immutable bytes under the C2SP tlog-tiles paths, and the one mutable object, ``checkpoint``."""

    def put(self, objects: Sequence[tuple[str, bytes]], *, replace: bool = False) -> None:
        """Store objects under their paths, durable together when this returns.

        An object that exists with the same bytes is left alone. One that exists with other bytes raises
        :class:`~indelible.errors.Damaged` and is not touched, unless ``replace`` is true: recovery replaces what lies
        above the last durable checkpoint state, and nothing else may.
        """
        ...

    def delete(self, paths: Sequence[str]) -> None:
        """Delete partial tiles and bundles that full ones have replaced; a path that is not there is no error."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Paths that begin with ``prefix``, in no particular order."""
        ...

    def publish(self, checkpoint: bytes) -> None:
        """Replace the object ``checkpoint``, atomically and durably."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointState:
    """The largest tree that this log has ever committed to: whoever signs, signs this or something larger."""

    size: int
    root: Hash


class CheckpointStore(Protocol):
    """The checkpoint state, kept apart from the objects, so that an old copy of those is noticed."""

    def load(self) -> CheckpointState | None:
        """The state, or ``None`` when the log has never been created."""
        ...

    def swap(self, expected: CheckpointState | None, new: CheckpointState) -> None:
        """Replace ``expected`` by ``new``, durably, or raise.

        Raises:
            RolledBack: the stored state is not ``expected``, or ``new`` is smaller, or equal in size with another root.
        """
        ...


def check_swap(stored: CheckpointState | None, expected: CheckpointState | None, new: CheckpointState) -> None:
    """Check, for any back end, that ``expected`` is what is stored, and ``new`` a step forward from it.

    Raises:
        RolledBack: it is not.
    """
    if stored != expected:
        raise RolledBack(
            f"the stored checkpoint state is {_describe(stored)}, not {_describe(expected)}: something else has "
            "written it. Nothing was committed; stop whatever else writes this log, then restart"
        )
    if expected is not None and (new.size < expected.size or (new.size == expected.size and new.root != expected.root)):
        raise RolledBack(f"{_describe(new)} does not follow {_describe(expected)}; nothing was committed")


def _describe(state: CheckpointState | None) -> str:
    return "absent" if state is None else f"size {state.size}, root {state.root.hex()[:16]}…"
