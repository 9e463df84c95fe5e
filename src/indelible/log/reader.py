"""Reading a log: entries, proofs, and the objects of its C2SP tlog-tiles interface.

Nothing is decided here and nothing is trusted to be right: whoever needs certainty verifies (``indelible.verify``).
What a signed checkpoint covers is read from the objects, what is journaled beyond it from the tail, if there is one.

Proofs are made in three steps: which nodes (pure), fetch their tiles (here), combine (pure).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from indelible.errors import Damaged, DamagedObject, FormatError, NotFound, NotYetPublished, UsageError
from indelible.events.identity import pack_id
from indelible.events.stored_record import check_record
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.formats.tile import TILE_WIDTH, node_from_tile, tiles_for
from indelible.formats.tlog_proof import TlogProof
from indelible.log.published_objects import PublishedObjects
from indelible.merkle import Hash, leaf_hash, plan_consistency, plan_inclusion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.log.read_only import IdLookup
    from indelible.log.tail import Tail
    from indelible.merkle import Node
    from indelible.storage.protocols import ObjectReader

__all__ = ["CHECKPOINT_REMEDY", "Published", "Reader", "StoredEntry"]

CHECKPOINT_REMEDY = "restore the file; or, if the rest verifies, delete it and it will be signed again from the state"
"""What to do about a ``checkpoint`` that is not one."""

_READ_AT_ONCE = 4_096  # entries of the tail, which is locked meanwhile
_RETRY_AFTER = 1.0


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry of the log. ``published`` is false while no signed checkpoint covers it.

    ``damage`` is set by :meth:`Reader.look` where the entry is no record any more; its bytes are what is left of it.
    """

    index: int
    entry: bytes
    leaf_hash: Hash
    published: bool
    damage: DamagedObject | None = None

    def checked(self) -> StoredEntry:
        """The same, for whoever can do nothing with damage.

        Raises:
            DamagedObject: it is damaged.
        """
        if self.damage is not None:
            raise self.damage
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The checkpoint that the log serves: the note's bytes, and what they say."""

    note: bytes
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, note: bytes) -> Published:
        """Read the checkpoint out of a signed note. Signatures are not checked here.

        Raises:
            Damaged: the bytes are not a signed checkpoint.
        """
        try:
            return cls(note=note, checkpoint=Checkpoint.parse(Note.parse(note).text))
        except FormatError as error:
            raise Damaged(str(error), path="checkpoint", remedy=CHECKPOINT_REMEDY) from error


def _served(objects: ObjectReader) -> Published:
    try:
        note = objects.get("checkpoint")
    except NotFound as error:
        raise Damaged("it is missing", path="checkpoint", remedy=CHECKPOINT_REMEDY) from error
    return Published.parse(note)


class Reader:
    """Reads one log. Safe to use from any thread.

    What a checkpoint covers must be there: an object that is missing, or not of its form, raises ``DamagedObject``.
    """

    def __init__(
        self, objects: ObjectReader, published: Published, *, tail: Tail | None = None, ids: IdLookup | None = None
    ) -> None:
        self._objects = objects
        self._published = published
        self._tail = tail
        self._ids = ids
        self._stored = PublishedObjects(objects, origin=published.checkpoint.origin)

    @classmethod
    def open(cls, objects: ObjectReader, *, ids: IdLookup | None = None) -> Reader:
        """Read a log that something else writes, as of its checkpoint now; ``refresh`` moves on.

        Raises:
            Damaged: there is no checkpoint, or it cannot be read.
        """
        return cls(objects, _served(objects), ids=ids)

    def refresh(self) -> None:
        """Move on to the checkpoint that is in the object store now.

        Raises:
            Damaged: there is none, or it cannot be read.
        """
        self._published = _served(self._objects)

    def advance(self, published: Published) -> None:
        """Move on to a checkpoint just published. The publisher calls this."""
        self._published = published

    @property
    def published(self) -> Published:
        """The checkpoint that covers what is read: its note, size and root, all of one moment."""
        return self._published

    @property
    def size(self) -> int:
        """How many entries the checkpoint covers."""
        return self._published.checkpoint.size

    def checkpoint(self) -> bytes:
        """The signed note of the checkpoint."""
        return self._published.note

    def get(self, index: int) -> StoredEntry:
        """The entry at ``index``.

        Raises:
            NotFound: there is none.
            DamagedObject: it is published, and its bundle cannot be read.
        """
        held = self._tail.get(index) if self._tail is not None and index >= 0 else None
        if held is not None:
            return StoredEntry(index, held[0], held[1], published=False)
        if not 0 <= index < self.size:
            raise NotFound(f"there is no entry {index}: the log has {self.size} published entries, counted from 0")
        entry = self._bundle(index // TILE_WIDTH)[index % TILE_WIDTH]
        return StoredEntry(index, entry, leaf_hash(entry), published=True)

    def look(self, index: int) -> StoredEntry:
        """The entry at ``index``, for whoever shows it and goes on: one that is damaged is given, and says so.

        Damaged is what is no record any more, or cannot be read and has no bytes then.

        Raises:
            NotFound: there is none.
        """
        try:
            stored = self.get(index)
            if stored.published:  # the journal's own checksums see to the others
                check_record(stored.entry)
        except DamagedObject as error:
            return StoredEntry(index, b"", Hash(b""), published=True, damage=error)
        except FormatError:
            return replace(stored, damage=self._stored.no_record(index, self.size))
        return stored

    def pick(self, indices: Sequence[int]) -> Iterator[tuple[list[int], list[bytes], bool]]:
        """Yield ``(indices, entries, published)`` for runs of these indices, in their order.

        For many entries, near each other or not: several times cheaper than :meth:`get`, which hashes each. An entry
        that cannot be read is empty.

        Raises:
            NotFound: there is no such entry.
        """
        size = self.size
        for number, run in groupby(indices, lambda index: index // TILE_WIDTH if 0 <= index < size else None):
            picked = list(run)
            if number is None:
                for stored in map(self.get, picked):
                    yield [stored.index], [stored.entry], stored.published
                continue
            try:
                bundle = self._bundle(number)
            except DamagedObject:
                bundle = [b""] * TILE_WIDTH
            yield picked, [bundle[index % TILE_WIDTH] for index in picked], True

    def find(self, event_id: str) -> int | None:
        """The index of the event with this id, a UUIDv7, or ``None``.

        Raises:
            UsageError: the text is not a UUIDv7, or this reader was opened without an id index.
        """
        if self._ids is None:
            raise UsageError("this log was opened without its id index; use the event's index")
        try:
            return self._ids.lookup([pack_id(event_id)])[0]
        except ValueError as error:
            raise UsageError(f"{event_id!r} is not an event id: {error}") from error

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for the published entries in ``[start, min(end, size))``, a bundle at a time."""
        end = min(end, self.size)
        index = start
        while index < end:
            first = index // TILE_WIDTH * TILE_WIDTH
            bundle = self._bundle(index // TILE_WIDTH)
            wanted = bundle[index - first : end - first]
            yield from enumerate(wanted, index)
            index += len(wanted)

    @property
    def acknowledged(self) -> int:
        """How many entries are durable: those that the checkpoint covers, and those that are journaled beyond it."""
        return self.size if self._tail is None else self._tail.end

    def wait_acknowledged(self, beyond: int, timeout: float) -> None:
        """Return when more than ``beyond`` entries are durable, or after ``timeout`` seconds."""
        if self._tail is None:
            time.sleep(timeout)
        else:
            self._tail.wait_beyond(beyond, timeout)

    def read(self, start: int, end: int, *, recent: bool = False) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for the durable entries in ``[start, end)``, published or not, in order.

        With ``recent``, those published last come from memory as they were recorded, which is quicker and does not meet
        what somebody has done to the objects since.
        """
        tail = self._tail
        while start < end:
            held = None if tail is None else tail.read(start, min(end, start + _READ_AT_ONCE), recent=recent)
            if held is None:
                stop = min(end, tail.first if tail is not None and recent else self.size)
                yield from self.entries(start, stop)
            else:
                yield from enumerate(held, start)
                stop = start + len(held)
            if stop <= start:
                return
            start = stop

    def bundle(self, number: int) -> bytes:
        """The bytes of a full entry bundle, as they are stored.

        Raises:
            NotFound: it is not full, or not published.
            DamagedObject: it is missing.
        """
        if (number + 1) * TILE_WIDTH > self.size:
            raise NotFound(f"entry bundle {number} is not full yet")
        return self._stored.bundle_bytes(number, TILE_WIDTH)

    def prove(self, index: int) -> bytes:
        """An inclusion proof in the ``c2sp.org/tlog-proof@v1`` format, with the checkpoint that it leads to.

        Raises:
            NotYetPublished: the entry is journaled, but no checkpoint covers it yet.
            NotFound: there is no such entry.
            DamagedObject: it is published, and a tile that its proof needs cannot be read.
        """
        published = self._published
        size = published.checkpoint.size
        if not 0 <= index < size:
            self._refuse(index)
        plan = plan_inclusion(index, size)
        hashes = plan.finish(self._nodes(plan.nodes, size))
        return TlogProof(index=index, hashes=hashes, checkpoint=published.note).encode()

    def consistency(self, old: int, new: int) -> tuple[Hash, ...]:
        """The proof that the tree of ``old`` entries begins that of ``new``; empty when ``old`` is 0 or ``new``.

        Raises:
            UsageError: not ``0 <= old <= new``.
            NotYetPublished: ``new`` is beyond the published size.
            DamagedObject: a tile that the proof needs cannot be read.
        """
        if not 0 <= old <= new:
            raise UsageError(f"a consistency proof leads from a smaller tree to a larger one, not from {old} to {new}")
        size = self.size
        if new > size:
            raise NotYetPublished(f"the published tree has {size} entries, not {new}", retry_after=_RETRY_AFTER)
        plan = plan_consistency(old, new)
        # Complete nodes never change: the current tree's tiles hold them, while those of `new` may never have existed.
        return plan.finish(self._nodes(plan.nodes, size))

    def object(self, path: str) -> bytes:
        """An object of the tlog-tiles interface: ``checkpoint``, ``tile/…``.

        Raises:
            FormatError: not a path of that interface.
            NotFound: no such object; a partial one may have been replaced by the full one.
        """
        return self._published.note if path == "checkpoint" else self._objects.get(path)

    def _refuse(self, index: int) -> None:
        if self._tail is not None and 0 <= index < self._tail.end:
            raise NotYetPublished(
                f"entry {index} is durable; a signed checkpoint will cover it in a moment", retry_after=_RETRY_AFTER
            )
        raise NotFound(f"there is no entry {index}: the log has {self.size} published entries, counted from 0")

    def _nodes(self, nodes: Sequence[Node], size: int) -> dict[Node, Hash]:
        found: dict[Node, Hash] = {}
        for tile, wanted in tiles_for(nodes, size).items():
            data = self._stored.tile(tile)
            for node in wanted:
                found[node] = node_from_tile(node, tile, data)
        return found

    def _bundle(self, number: int) -> list[bytes]:
        return self._stored.bundle(number, min(self.size - number * TILE_WIDTH, TILE_WIDTH))
