"""Opening a log: what is stored is checked before anything is appended or signed.

The right edge is loaded from the tiles and must give the root of the checkpoint state: a flipped bit in a stored hash,
or an old copy of the log's folder, is found here and never signed over. The journal must continue where the state ends,
and agree with the right edge where both hold an entry. Then the id index catches up, and what the journal holds beyond
the state is left in the tail, to be published by the ordinary path.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from indelible.errors import Damaged, FormatError, NotFound, RolledBack, SignatureError, UsageError
from indelible.events.identity import pack_id
from indelible.formats import entry_bundle
from indelible.formats.entry_bundle import bundle_path
from indelible.formats.tile import TILE_WIDTH, Tile
from indelible.log.integrate import RightEdge
from indelible.log.reader import CHECKPOINT_REMEDY, Published, Reader
from indelible.merkle import HASH_SIZE, Hash, leaf_hashes, verify_consistency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from indelible.formats.checkpoint import Checkpoint
    from indelible.formats.tlog_policy import Policy
    from indelible.storage.protocols import CheckpointState, IdIndex, Journal, ObjectStore

__all__ = [
    "catch_up_ids",
    "check_remembered",
    "last_received_at",
    "load_edge",
    "load_published",
    "read_head",
    "replay_journal",
]

_RESTORE = "restore the data directory as a whole from its newest copy, or run `indelible verify` to see what is wrong"
_CATCH_UP = 4_096  # entries whose ids are inserted at once


class _Head(msgspec.Struct):
    """What recovery needs of a record; the rest is skipped at C speed."""

    id: str
    received_at: str


_HEADS = msgspec.json.Decoder(_Head)


def read_head(entry: bytes) -> _Head:
    """The id and the time of an entry.

    Raises:
        Damaged: it is not a record.
    """
    try:
        return _HEADS.decode(entry)
    except msgspec.DecodeError as error:
        raise Damaged(f"an entry is not a record: {error}", path="tile/entries/", remedy=_RESTORE) from error


def last_received_at(reader: Reader, unpublished: Sequence[bytes]) -> str | None:
    """The ``received_at`` of the log's last entry, in normal form, or ``None`` when there is none."""
    if unpublished:
        return read_head(unpublished[-1]).received_at
    return read_head(reader.get(reader.size - 1).entry).received_at if reader.size else None


def load_edge(objects: ObjectStore, state: CheckpointState) -> RightEdge:
    """The right edge of the tree that the state commits to.

    Raises:
        RolledBack: the objects end before the state: an old copy of the log's folder.
        Damaged: the objects on the right edge do not give the state's root.
    """
    levels, level = [], 0
    try:
        while state.size >= TILE_WIDTH**level:
            span = TILE_WIDTH ** (level + 1)
            width = state.size % span // TILE_WIDTH**level
            levels.append(_hashes(objects, Tile(level, state.size // span, width)) if width else ())
            level += 1
        width = state.size % TILE_WIDTH
        path = bundle_path(state.size // TILE_WIDTH, width or TILE_WIDTH)
        entries = tuple(entry_bundle.decode(objects.get(path), width)) if width else ()
    except NotFound as error:
        raise RolledBack(
            f"the checkpoint state commits to {state.size} entries, but the log's folder ends before that ({error}): "
            f"it may be an old copy. Nothing was appended; {_RESTORE}"
        ) from error
    except FormatError as error:
        raise Damaged(str(error), path=path, remedy=_RESTORE) from error
    edge = RightEdge(size=state.size, levels=tuple(levels), entries=entries)
    if entries and tuple(leaf_hashes(entries)) != levels[0]:
        raise Damaged("the entries do not have the leaf hashes of the tile beside them", path=path, remedy=_RESTORE)
    if edge.root() != state.root:
        raise Damaged(
            f"the tiles on the right edge at size {state.size} do not give the committed root; nothing was signed",
            path="tile/",
            remedy=_RESTORE,
        )
    return edge


def _hashes(objects: ObjectStore, tile: Tile) -> tuple[Hash, ...]:
    data = objects.get(tile.path)
    if len(data) != tile.width * HASH_SIZE:
        raise Damaged(f"{len(data)} bytes instead of {tile.width * HASH_SIZE}", path=tile.path, remedy=_RESTORE)
    return tuple(Hash(data[start : start + HASH_SIZE]) for start in range(0, len(data), HASH_SIZE))


def load_published(objects: ObjectStore, state: CheckpointState, *, origin: str, policy: Policy) -> Published | None:
    """The checkpoint that the log serves, or ``None`` when a crash came before the state was signed.

    Raises:
        RolledBack: the checkpoint is ahead of the state, or contradicts it.
        Damaged: it is not a checkpoint of this log, signed with its keys.
    """
    try:
        note = objects.get("checkpoint")
    except NotFound:
        return None
    published = Published.parse(note)
    try:
        policy.check(note)
    except (FormatError, SignatureError) as error:
        raise Damaged(str(error), path="checkpoint", remedy=CHECKPOINT_REMEDY) from error
    checkpoint = published.checkpoint
    if checkpoint.origin != origin:
        raise Damaged(
            f"it is the checkpoint of {checkpoint.origin}, not of {origin}", path="checkpoint", remedy=_RESTORE
        )
    if checkpoint.size > state.size or (checkpoint.size == state.size and checkpoint.root != state.root):
        raise RolledBack(
            f"the published checkpoint of {checkpoint.size} entries is ahead of the committed state of {state.size}, "
            f"or contradicts it: the state may be an old copy. Nothing was appended; {_RESTORE}"
        )
    return published if checkpoint.size == state.size else None


def replay_journal(journal: Journal, edge: RightEdge) -> Iterator[bytes]:
    """Yield the entries beyond the edge, after those that both hold have been compared.

    Raises:
        RolledBack: the journal does not reach the edge, or begins after it.
        Damaged: it holds another entry at an index that is published.
    """
    if not journal.start <= edge.size <= journal.end:
        raise RolledBack(
            f"the journal holds the entries [{journal.start}, {journal.end}), but {edge.size} are published: it is not "
            f"the journal of this log at this moment. Nothing was appended; {_RESTORE}"
        )
    first = edge.size - len(edge.entries)
    for index, entry in journal.replay(first):
        if index >= edge.size:
            yield entry
        elif entry != edge.entries[index - first]:
            raise Damaged(f"entry {index} differs from the published one", path="journal", remedy=_RESTORE)


def catch_up_ids(ids: IdIndex, reader: Reader, unpublished: Iterable[bytes]) -> None:
    """Insert the ids of all entries that the index does not hold: published ones first, then ``unpublished`` ones.

    Raises:
        RolledBack: the index knows more entries than the log has.
    """
    for entries in _batched((entry for _, entry in reader.entries(ids.end, reader.size)), _CATCH_UP):
        ids.insert(ids.end, _ids_of(entries))
    known_beyond = ids.end - reader.size
    rest = list(unpublished)
    if known_beyond > len(rest):
        raise RolledBack(
            f"the id index knows {ids.end} entries, but the log has {reader.size + len(rest)}: it may be an old copy. "
            f"Nothing was appended; {_RESTORE}"
        )
    for entries in _batched(rest[known_beyond:], _CATCH_UP):
        ids.insert(ids.end, _ids_of(entries))


def _ids_of(entries: Iterable[bytes]) -> list[bytes]:
    try:
        return [pack_id(read_head(entry).id) for entry in entries]
    except ValueError as error:
        raise Damaged(f"a record's id is not one: {error}", path="tile/entries/", remedy=_RESTORE) from error


def _batched(entries: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    source = iter(entries)
    while batch := list(islice(source, size)):
        yield batch


def check_remembered(reader: Reader, remembered: Checkpoint) -> None:
    """The log must extend a checkpoint that was remembered outside its directory.

    Raises:
        RolledBack: the log is smaller than what is remembered.
        ProofError: it is not an extension of it.
    """
    checkpoint = reader.published.checkpoint
    if remembered.origin != checkpoint.origin:
        raise UsageError(f"a checkpoint of {remembered.origin} says nothing about {checkpoint.origin}")
    if remembered.size > checkpoint.size:
        raise RolledBack(
            f"a checkpoint of {remembered.size} entries is remembered outside the data directory, which has "
            f"{checkpoint.size}: it is an old copy. Nothing was appended; {_RESTORE}"
        )
    verify_consistency(
        old_size=remembered.size,
        new_size=checkpoint.size,
        old_root=remembered.root,
        new_root=checkpoint.root,
        proof=reader.consistency(remembered.size, checkpoint.size),
    )
