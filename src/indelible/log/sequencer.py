"""Gives every new event its index and ``received_at``, and writes the group to the journal: then it is acknowledged.

One thread runs this. A group is all requests that were waiting; the order is theirs in the pool. For each request
either all events are in (new ones at consecutive indices, known ones as duplicates), or none is and the request fails.

Order: look ids up → decide each request → journal, durable → id index and tail → outcomes. A crash after the journal
loses nothing (recovery inserts the ids again from the log); a failure before it leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from indelible.errors import IdConflict, IndelibleError, IntegrityError, InternalError, StorageFull
from indelible.events import same_content
from indelible.log.submission import Appended, Receipt
from indelible.merkle import leaf_hash, leaf_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.events import Prepared
    from indelible.log.clock import ReceivedAt
    from indelible.log.health import Health
    from indelible.log.reader import StoredEntry
    from indelible.log.submission import Submission
    from indelible.log.tail import Tail
    from indelible.merkle import Hash
    from indelible.storage.protocols import IdIndex, Journal

__all__ = ["Sequencer"]


class Sequencer:
    """The only writer of journal and id index. Not for use by more than one thread."""

    def __init__(
        self,
        *,
        journal: Journal,
        ids: IdIndex,
        tail: Tail,
        received_at: ReceivedAt,
        stamp: bytes,
        read: Callable[[int], StoredEntry],
        health: Health,
    ) -> None:
        """Join the parts.

        Args:
            journal: Where groups become durable.
            ids: Every id of the log; its end equals the journal's.
            tail: Where journaled entries wait to be published.
            received_at: The clock of the log.
            stamp: The placeholder that templates hold where ``received_at`` goes.
            read: The entry at an index below the journal's end; used only for duplicates.
            health: Checked before each group, failed when a group cannot be known to be durable.
        """
        self._journal = journal
        self._ids = ids
        self._tail = tail
        self._received_at = received_at
        self._stamp = stamp
        self._read = read
        self._health = health

    def run(self, submissions: Sequence[Submission]) -> None:
        """Sequence one group and call ``on_done`` of each submission, whatever happens."""
        try:
            self._health.check()
            self._sequence(submissions)
        except StorageFull as error:
            _fail_all(submissions, error)  # nothing was written; the next group may fit
        except IndelibleError as error:
            self._health.fail(error)
            _fail_all(submissions, error)
        except Exception as error:  # noqa: BLE001 - a bug here must stop the log, and must still answer the callers
            self._health.fail(error)
            _fail_all(submissions, InternalError(f"sequencing failed: {error!r}"))
        for submission in submissions:
            submission.on_done(submission)

    def trim(self, below: int) -> None:
        """Let the journal forget entries below ``below``. Called between groups, on the thread that appends."""
        try:
            self._journal.trim(below)
        except StorageFull:
            return  # trimming frees space in the end; it is tried again after the next publication
        except Exception as error:  # noqa: BLE001 - a journal that cannot trim cannot be trusted to append
            self._health.fail(error)

    def _sequence(self, submissions: Sequence[Submission]) -> None:
        group = _Group(
            first_index=self._journal.end,
            received_at=self._received_at.next(),
            stamp=self._stamp,
            read=self._read,
        )
        known = self._ids.lookup([event.id_bytes for submission in submissions for event in submission.events])
        accepted = []
        start = 0
        for submission in submissions:
            end = start + len(submission.events)
            try:
                accepted.append((submission, group.add(submission.events, known[start:end])))
            except (IdConflict, IntegrityError) as error:
                submission.fail(error)
            start = end
        hashes = leaf_hashes(group.entries)
        if group.entries:
            self._journal.append(group.first_index, group.entries)
            self._ids.insert(group.first_index, group.ids)
            self._tail.extend(group.entries, hashes)
        for submission, placed in accepted:
            submission.succeed(group.outcome(submission.events, placed, hashes))


class _Place(NamedTuple):
    """Where an event is; ``known_hash`` is its leaf hash when it is a duplicate."""

    at: int
    known_hash: Hash | None


Placed: TypeAlias = range | list[_Place]
"""The indices of a request's events: a range when all of them are new."""


class _Group:
    """The entries of one group as they are decided."""

    def __init__(
        self, *, first_index: int, received_at: bytes, stamp: bytes, read: Callable[[int], StoredEntry]
    ) -> None:
        self.first_index = first_index
        self.entries: list[bytes] = []
        self.ids: list[bytes] = []
        self._received_at = received_at
        self._stamp = stamp
        self._read = read
        self._fresh: dict[bytes, int] = {}  # id → index, for ids that are new in this group

    def add(self, events: Sequence[Prepared], known: Sequence[int | None]) -> Placed:
        """Place a request's events, whose ids the log knows at the indices ``known``.

        Raises:
            IdConflict: an id is known with other content; then the group is as it was before.
            IntegrityError: what was recorded under an id is damaged; likewise.
        """
        ids = [event.id_bytes for event in events]
        unknown = known.count(None) == len(known)
        if unknown and len(set(ids)) == len(ids) and self._fresh.keys().isdisjoint(ids):
            first = self.first_index + len(self.entries)
            self._fresh.update(zip(ids, range(first, first + len(ids)), strict=True))
            self.ids += ids
            stamp, received_at = self._stamp, self._received_at
            self.entries += [event.template.replace(stamp, received_at) for event in events]
            return range(first, first + len(ids))
        return self._add_singly(events, known)

    def _add_singly(self, events: Sequence[Prepared], known: Sequence[int | None]) -> list[_Place]:
        before = len(self.entries)
        places = []
        try:
            for position, (event, known_index) in enumerate(zip(events, known, strict=True)):
                index = known_index if known_index is not None else self._fresh.get(event.id_bytes)
                if index is None:
                    places.append(_Place(self._append(event), None))
                else:
                    own = index >= self.first_index + before
                    places.append(_Place(index, self._compare(event, index, position, own=own)))
        except (IdConflict, IntegrityError):
            for event_id in self.ids[before:]:
                del self._fresh[event_id]
            del self.ids[before:], self.entries[before:]
            raise
        return places

    def _append(self, event: Prepared) -> int:
        index = self.first_index + len(self.entries)
        self._fresh[event.id_bytes] = index
        self.ids.append(event.id_bytes)
        self.entries.append(event.template.replace(self._stamp, self._received_at))
        return index

    def _compare(self, event: Prepared, index: int, position: int, *, own: bool) -> Hash:
        """The leaf hash of the entry at ``index``, which must have the event's content."""
        if index >= self.first_index:
            entry = self.entries[index - self.first_index]
            stored_hash = leaf_hash(entry)
        else:
            stored = self._read(index)
            entry, stored_hash = stored.entry, stored.leaf_hash
        if not same_content(entry, event):
            # Where the first use is in the same request, it has no index: the request fails as a whole.
            raise IdConflict(event.id, first_index=None if own else index, pointer=f"/{position}")
        return stored_hash

    def outcome(self, events: Sequence[Prepared], placed: Placed, hashes: Sequence[Hash]) -> Appended:
        """The answer to a request that ``add`` has placed; ``hashes`` are the leaf hashes of ``entries``."""
        base = self.first_index
        if isinstance(placed, range):
            own = hashes[placed.start - base : placed.stop - base]
            receipts = [Receipt(e.id, i, h, duplicate=False) for e, i, h in zip(events, placed, own, strict=True)]
            return Appended(first_index=placed.start, added=len(placed), events=tuple(receipts))
        receipts = [
            Receipt(event.id, index, known_hash or hashes[index - base], duplicate=known_hash is not None)
            for event, (index, known_hash) in zip(events, placed, strict=True)
        ]
        new = [receipt.index for receipt in receipts if not receipt.duplicate]
        return Appended(first_index=new[0] if new else None, added=len(new), events=tuple(receipts))


def _fail_all(submissions: Sequence[Submission], error: Exception) -> None:
    for submission in submissions:
        submission.fail(error)
