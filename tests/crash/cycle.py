"""One cycle of a log's life (open, append, publish, trim, append, publish), and what must hold after any crash in it.

Everything in a cycle is determined by its shape: keys, ids, times. So an independent model can say beforehand which
entry has which index, and what the root is for every number of entries.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indelible.errors import IndelibleError
from indelible.events import MAX_EVENTS, Prepared
from indelible.events.identity import new_ids
from indelible.formats.tlog_policy import Policy
from indelible.log import Log, LogSettings, Stores, Submission, create_log
from indelible.log.assembly import assemble
from indelible.merkle import leaf_hashes, tree_root
from indelible.storage.posix import PosixStores
from indelible.trust.signer import LogSigner, generate_log_keys
from tests.crash.disk import KilledError
from tests.stepped_log import ORIGIN, TurnedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from indelible.log import Receipt
    from indelible.merkle import Hash
    from indelible.storage.durable import Disk

__all__ = ["BASE", "Cycle", "Outcome", "make_base"]

BASE = 20
"""Entries that are published before the cycle begins."""
SIGNER = LogSigner(generate_log_keys(ORIGIN))
SETTINGS = LogSettings()
EVERYTHING = 1 << 40
RESENT = 600
"""So many events of a request are sent again after a crash: the whole of all shapes but the large one."""


@contextlib.contextmanager
def opened(data: Path, disk: Disk | None = None) -> Iterator[Log]:
    """The log, recovered, without threads; released at the end as far as a dead disk lets it."""
    posix = PosixStores.open(data, "main", disk=disk)
    try:
        stores = Stores(journal=posix.journal, ids=posix.ids, objects=posix.objects, checkpoints=posix.checkpoints)
        yield Log(assemble(stores, name="main", origin=ORIGIN, signer=SIGNER, settings=SETTINGS, clock=TurnedClock()))
    finally:
        with contextlib.suppress(KilledError, IndelibleError):
            posix.close()


def prepare(log: Log, first: int, count: int) -> list[Prepared]:
    """The events that are to be entries ``[first, first + count)``."""
    ids = new_ids(count, first, random.Random(first).randbytes)
    lines = [b'{"id":"%s","action":"thing.done","actor":{"type":"user","id":"ada"}}' % one.encode() for one in ids]
    return [
        event
        for start in range(0, count, MAX_EVENTS)
        for event in log.preparer.prepare_ndjson(
            b"\n".join(lines[start : start + MAX_EVENTS]), principal="test", now_ms=0, random=random.randbytes
        )
    ]


def append(log: Log, first: int, count: int) -> tuple[Receipt, ...]:
    """Append one request; raises what the log answers."""
    return submit(log, prepare(log, first, count))


def submit(log: Log, events: list[Prepared]) -> tuple[Receipt, ...]:
    """Append one request that is prepared; raises what the log answers."""
    submission = Submission(events, lambda _: None)
    log.sequencer.run([submission])
    return submission.result().events


def make_base(data: Path) -> None:
    """A log of ``BASE`` entries."""
    data.mkdir()
    posix = PosixStores.create(data, "main")
    create_log(
        Stores(journal=posix.journal, ids=posix.ids, objects=posix.objects, checkpoints=posix.checkpoints),
        origin=ORIGIN,
        signer=SIGNER,
        clock=TurnedClock(),
    )
    posix.close()
    with opened(data) as log:
        append(log, 0, BASE)
        assert log.publisher.run(EVERYTHING)


@dataclass
class Outcome:
    """What the callers were told before the crash, and when: ``acknowledged`` maps an index to id and leaf hash."""

    acknowledged: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    published: int = BASE


class Cycle:
    """The cycle of one shape: a request of ``count`` events, and one of a single event after it."""

    def __init__(self, count: int, base: Path) -> None:
        self.count = count
        with opened(base) as log:
            stamp = self.stamp = log.preparer.stamp
            self.requests = prepare(log, BASE, count), prepare(log, BASE + count, 1)
            templates = [event.template for events in (prepare(log, 0, BASE), *self.requests) for event in events]
            received_at = log.reader.get(0).entry.partition(b'"received_at":"')[2][:27]
        # The model: the clock stands still, so every record is known beforehand.
        self.entries = [template.replace(stamp, received_at) for template in templates]

    def run(self, data: Path, disk: Disk, outcome: Outcome, mark: Callable[[], None] = lambda: None) -> None:
        """Live through the cycle on this disk, as long as it lets us; ``mark`` is called when something is promised."""
        with contextlib.suppress(IndelibleError), opened(data, disk) as log:  # a log that does not open says why
            for events in self.requests:
                with contextlib.suppress(IndelibleError):  # refused: not acknowledged
                    for receipt in submit(log, self.stamped(log, events)):
                        outcome.acknowledged[receipt.index] = (receipt.id, receipt.leaf_hash)
                    mark()
                log.publisher.run(EVERYTHING)
                outcome.published = log.reader.size
                mark()
                log.sequencer.trim(log.publisher.trimmable)
            self.check_alive(log)

    def stamped(self, log: Log, events: list[Prepared]) -> list[Prepared]:
        """Events that the model has prepared, as this log prepares them: its stamp is another one."""
        stamp = log.preparer.stamp
        return [
            Prepared(event.id, event.id_bytes, event.template.replace(self.stamp, stamp), event.id_given)
            for event in events
        ]

    def check_alive(self, log: Log) -> None:
        """After a fault that did not kill: the log goes on, or says why not."""
        end = log.status.journaled
        if log.status.read_only is None:
            log.publisher.run(EVERYTHING)
            assert log.reader.size == end or log.status.read_only

    def check(self, data: Path, outcome: Outcome) -> None:
        """Restart on a good disk: everything promised holds, and the log goes on."""
        with opened(data) as log:
            end = log.status.journaled
            # All or nothing: the request of many is in as a whole, or not at all.
            assert end in {BASE, BASE + 1, BASE + self.count, BASE + self.count + 1}
            assert log.reader.size >= outcome.published, "a published checkpoint went back"
            entries = [entry for _, entry in log.reader.entries(0, log.reader.size)]
            entries += [entry for _, entry in log.reader.read(len(entries), end)]
            hashes = leaf_hashes(entries)
            assert all(hashes[index] == leaf for index, (_, leaf) in outcome.acknowledged.items())
            for index in sorted(outcome.acknowledged)[:: max(1, len(outcome.acknowledged) // 50)]:
                assert log.reader.find(outcome.acknowledged[index][0]) == index
            # The request of many may have been refused, and the single one after it taken.
            assert entries in (self.entries[:end], [*self.entries[:BASE], self.entries[-1]])
            check_published(log, hashes)
            log.publisher.run(EVERYTHING)
            assert log.reader.size == end
            check_published(log, hashes)
            # What was not acknowledged is sent again under the same ids: it is in now, wherever it was cut off.
            again = append(log, BASE, min(self.count, RESENT))
            (last,) = append(log, BASE + self.count, 1)
            for receipt in again:
                known = hashes[receipt.index] if receipt.index < end else log.reader.get(receipt.index).leaf_hash
                assert receipt.leaf_hash == known
            assert self.count > RESENT or log.status.journaled == BASE + self.count + 1
            log.publisher.run(EVERYTHING)
            assert log.reader.prove(last.index)
            assert log.status.read_only is None


def check_published(log: Log, hashes: Sequence[Hash]) -> None:
    """The checkpoint is signed with both keys and has the root of an independent computation."""
    checkpoint = Policy.for_log(*SIGNER.vkeys).check(log.reader.checkpoint()).checkpoint
    assert checkpoint.root == tree_root(hashes[: checkpoint.size])
