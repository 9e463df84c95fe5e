"""What a log is made of, and how the parts are joined: a log is created once, and recovered whenever it is opened."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.config import LogSettings
from indelible.errors import UsageError
from indelible.events import Preparer, new_stamp
from indelible.formats.tlog_policy import Policy
from indelible.log import recovery
from indelible.log.clock import ReceivedAt, SystemClock
from indelible.log.health import Health
from indelible.log.integrate import RightEdge
from indelible.log.interval import store_interval
from indelible.log.measures import MeasuredJournal, Measures
from indelible.log.publisher import Publisher, sign_checkpoint
from indelible.log.reader import Reader
from indelible.log.scrub import Scrubber
from indelible.log.sequencer import Sequencer
from indelible.log.tail import Tail
from indelible.merkle import leaf_hashes
from indelible.storage.protocols import CheckpointState

if TYPE_CHECKING:
    from indelible.formats.checkpoint import Checkpoint
    from indelible.log.clock import Clock
    from indelible.log.interval import Storing
    from indelible.storage.protocols import CheckpointStore, IdIndex, Journal, ObjectStore
    from indelible.trust.signer import LogSigner

__all__ = ["Parts", "Stores", "assemble", "create_log"]

_log = logging.getLogger("indelible.log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The four seams of one log's storage, from one back end."""

    journal: Journal
    ids: IdIndex
    objects: ObjectStore
    checkpoints: CheckpointStore

    def close(self) -> None:
        """Release all of them."""
        try:
            self.ids.close()
        finally:
            self.journal.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one log, which know each other; :class:`~indelible.log.log.Log` drives them."""

    name: str
    origin: str
    settings: LogSettings
    stores: Stores
    preparer: Preparer
    tail: Tail
    reader: Reader
    health: Health
    clock: Clock
    sequencer: Sequencer
    publisher: Publisher
    scrubber: Scrubber
    measures: Measures


def create_log(stores: Stores, *, origin: str, signer: LogSigner, clock: Clock | None = None) -> None:
    """Create a log: an explicit act, because an absent state otherwise means that something was lost.

    Raises:
        UsageError: there is a log already.
    """
    if stores.checkpoints.load() is not None:
        raise UsageError(f"the log {origin} exists already")
    state = CheckpointState(size=0, root=RightEdge.empty().root())
    stores.checkpoints.swap(None, state)
    stores.objects.publish(sign_checkpoint(signer, clock or SystemClock(), origin, state).note)


def assemble(
    stores: Stores,
    *,
    name: str,
    origin: str,
    signer: LogSigner,
    settings: LogSettings | None = None,
    clock: Clock | None = None,
    remembered: Checkpoint | None = None,
    store: Storing = store_interval,
) -> Parts:
    """Recover a log from its storage.

    Args:
        stores: The log's storage, which nothing else writes.
        name: For threads, metrics and messages.
        origin: The log's origin.
        signer: The log's keys.
        settings: Limits and intervals.
        clock: Time; the machine's by default.
        remembered: A checkpoint kept outside this storage, which the log must extend.
        store: Stores the objects of a publish interval.

    Raises:
        UsageError: the log has not been created.
        Damaged: something stored is not what was written.
        RolledBack: a part of the storage, or all of it, is an old copy.
    """
    settings = settings or LogSettings()
    clock = clock or SystemClock()
    state = stores.checkpoints.load()
    if state is None:
        raise UsageError(f"there is no log {name}: create it first (`indelible init`, or `indelible logs create`)")
    edge = recovery.load_edge(stores.objects, state)
    policy = Policy.for_log(*signer.vkeys)
    published = recovery.load_published(stores.objects, state, origin=origin, policy=policy)
    if published is None:  # the crash came between the swap and the signature
        published = sign_checkpoint(signer, clock, origin, state)
        stores.objects.publish(published.note)
    tail = Tail(state.size, recent_bytes=settings.recent_bytes)
    reader = Reader(stores.objects, published, tail=tail, ids=stores.ids)
    if remembered is not None:
        recovery.check_remembered(reader, remembered)
    unpublished = list(recovery.replay_journal(stores.journal, edge))
    tail.extend(unpublished, leaf_hashes(unpublished))
    recovery.catch_up_ids(stores.ids, reader, unpublished)
    health = Health(name)
    measures = Measures()
    preparer = Preparer(origin=origin, stamp=new_stamp(os.urandom), max_events=settings.request_events)
    sequencer = Sequencer(
        journal=MeasuredJournal(stores.journal, measures.journal_writes),
        ids=stores.ids,
        tail=tail,
        received_at=ReceivedAt(
            clock, last=recovery.last_received_at(reader, unpublished), tolerance=settings.clock_tolerance
        ),
        stamp=preparer.stamp,
        read=lambda index: reader.look(index).checked(),
        health=health,
    )
    publisher = Publisher(
        origin=origin,
        objects=stores.objects,
        checkpoints=stores.checkpoints,
        signer=signer,
        clock=clock,
        edge=edge,
        tail=tail,
        reader=reader,
        health=health,
        resign_interval=settings.resign_interval,
        store=store,
    )
    _log.info("log_opened", extra={"log_name": name, "size": state.size, "unpublished": len(unpublished)})
    return Parts(
        name=name,
        origin=origin,
        settings=settings,
        stores=stores,
        preparer=preparer,
        tail=tail,
        reader=reader,
        health=health,
        clock=clock,
        sequencer=sequencer,
        publisher=publisher,
        scrubber=Scrubber(name=name, objects=stores.objects, vkeys=signer.vkeys, rate=settings.scrub_rate),
        measures=measures,
    )
