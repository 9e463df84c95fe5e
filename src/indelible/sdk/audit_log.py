"""The object that ``indelible.open`` and ``indelible.connect`` give.

All flows are plans, made by ``embedded`` or ``client`` and run here to their end; :mod:`indelible.sdk.aio` runs the
same plans with ``await``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from indelible.errors import ProofError, UsageError
from indelible.formats.tlog_proof import TlogProof
from indelible.merkle import leaf_hash
from indelible.sdk.answers import Entry, LogDescription, Proof, Recorded, SignedCheckpoint
from indelible.sdk.draft import Entity, EventFields, draft_event, draft_mapping, encode_event
from indelible.sdk.trusted import trusted_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Unpack

    from indelible.sdk.plan import Plan
    from indelible.trust.pins import Pins
    from indelible.verify.verdicts import Report

__all__ = ["AuditLog", "LogPlans", "Receipt", "verify_receipt"]


class LogPlans(Protocol):
    """How one kind of log carries out what the object offers: one plan for each ability."""

    @property
    def name(self) -> str:
        """The log's name in its directory or on its server."""
        ...

    @property
    def pins(self) -> Pins:
        """What this user remembers of logs."""
        ...

    def describe(self) -> Plan[LogDescription]:
        """What the log says about itself; any role may ask."""
        ...

    def append(self, events: Sequence[bytes], *, alone: bool = False) -> Plan[list[Recorded]]:
        """Append events, each one line of JSON, all or none; they are durable when this ends.

        ``alone`` says that there is one, and that the pointers of errors need not begin with its position.
        """
        ...

    def wait_published(self, size: int, timeout: float | None) -> Plan[None]:
        """Wait until a signed checkpoint covers ``size`` entries."""
        ...

    def get(self, which: int | str) -> Plan[Entry]:
        """The entry with this index or id."""
        ...

    def prove(self, which: int | str) -> Plan[Proof]:
        """An entry with its proof."""
        ...

    def checkpoint(self) -> Plan[SignedCheckpoint]:
        """The latest signed checkpoint."""
        ...

    def verify(self, *, quick: bool) -> Plan[Report]:
        """Check the whole log."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Recorded):
    """Where an event is in the log, from the log that took it."""

    _log: AuditLog = field(repr=False, compare=False)

    def wait_published(self, timeout: float | None = None) -> None:
        """Wait until a signed checkpoint covers the event, at most ``timeout`` seconds.

        Raises:
            NotYetPublished: the time is over; the event is durable all the same.
        """
        self._log.run(self._log.plans.wait_published(self.index + 1, timeout))

    def verify(self) -> None:
        """Fetch the event's proof and check it, under the keys pinned for this log, against this receipt.

        Raises:
            IntegrityError: the proof, a signature or the entry is not what it must be.
        """
        self._log.run(verify_receipt(self._log.plans, self))


class AuditLog:
    """One audit log. Safe to use from any thread; close it, or use it as a context manager."""

    def __init__(self, plans: LogPlans, run: Callable[[Plan[Any]], Any], close: Callable[[], None]) -> None:
        """Join plans, what runs them, and what ends it all; ``indelible.open`` and ``indelible.connect`` do that."""
        self.plans = plans
        self.run = run
        self._close = close

    @property
    def name(self) -> str:
        """The log's name in its directory or on its server."""
        return self.plans.name

    def record(
        self, action: str, *, actor: Entity, targets: Iterable[Entity] = (), **fields: Unpack[EventFields]
    ) -> Receipt:
        """Append one event. It is durable, with its index, when this returns.

        Args:
            action: What was done, such as ``invoice.approve``.
            actor: Who did it: ``type:id``, or a mapping with ``type``, ``id`` and what else is known.
            targets: On what, each likewise.
            fields: The other fields of an event. Without an ``id`` a fresh one is made.

        Raises:
            InvalidEvent: the event is not valid; names every place.
            IdConflict: the id has been used for other content.
            Unavailable: the log cannot take it now; nothing was recorded.
        """
        return self._append([encode_event(draft_event(action, actor, targets, fields))], alone=True)[0]

    def record_many(self, events: Iterable[Mapping[str, Any]]) -> list[Receipt]:
        """Append several events, all or none, with consecutive indices. Each is a mapping with an event's fields.

        Raises:
            InvalidEvent: an event is not valid; the pointers begin with its position, ``/3/actor``.
            TooLarge: more than one request may hold.
            IdConflict: an id has been used for other content.
            Unavailable: the log cannot take them now; nothing was recorded.
        """
        drafted = [encode_event(draft_mapping(event)) for event in events]
        if not drafted:
            return []
        return self._append(drafted)

    def get(self, which: int | str) -> Entry:
        """The entry with this index or event id.

        Raises:
            NotFound: there is none.
        """
        entry: Entry = self.run(self.plans.get(which))
        return entry

    def prove(self, which: int | str) -> Proof:
        """The entry with its inclusion proof, once a checkpoint covers it.

        Raises:
            NotFound: there is none.
        """
        proof: Proof = self.run(self.plans.prove(which))
        return proof

    def checkpoint(self) -> SignedCheckpoint:
        """The latest signed checkpoint: keep it elsewhere, and an older copy of the log can be told from the log."""
        checkpoint: SignedCheckpoint = self.run(self.plans.checkpoint())
        return checkpoint

    def verify(self, *, quick: bool = False) -> Report:
        """Check the whole log under the keys pinned for it, and remember its checkpoint when nothing failed.

        ``quick`` leaves out reading every entry, and the report says so.
        """
        report: Report = self.run(self.plans.verify(quick=quick))
        return report

    def close(self) -> None:
        """Finish what has been begun, and release everything. Closing twice is no error."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, events: Sequence[bytes], *, alone: bool = False) -> list[Receipt]:
        recorded: list[Recorded] = self.run(self.plans.append(events, alone=alone))
        return [
            Receipt(id=one.id, index=one.index, leaf_hash=one.leaf_hash, duplicate=one.duplicate, _log=self)
            for one in recorded
        ]


def verify_receipt(plans: LogPlans, recorded: Recorded) -> Plan[None]:
    """Check that a log holds what it once gave a receipt for.

    Raises:
        ProofError: another entry stands there now, or its proof does not verify.
        SignatureError: a signature that the pinned keys demand is missing or wrong.
    """
    yield from plans.wait_published(recorded.index + 1, None)
    proof = yield from plans.prove(recorded.index)
    description = yield from plans.describe()
    policy = trusted_policy(plans.pins, description.origin, description.vkeys)
    if leaf_hash(proof.entry).hex() != recorded.leaf_hash:
        raise ProofError(f"entry {recorded.index} of {plans.name} is not the one that the receipt was given for")
    TlogProof.parse(proof.tlog_proof).verify(proof.entry, policy)


def check_reference(which: int | str) -> None:
    """Refuse what can be neither an index nor an id, before anything is asked of a log.

    Raises:
        UsageError: a negative index.
    """
    if isinstance(which, int) and which < 0:
        raise UsageError(f"{which} is no index: entries are counted from 0")
