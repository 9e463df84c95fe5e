"""The object that ``indelible.open`` and ``indelible.connect`` give.

All flows are plans, made by ``embedded`` or ``client`` and run here to their end; :mod:`indelible.sdk.aio` runs the
same plans with ``await``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from indelible.errors import ProofError, UsageError
from indelible.events.identity import normalise_id
from indelible.formats.tlog_proof import TlogProof
from indelible.merkle import leaf_hash
from indelible.sdk.answers import Entry, Proof, Recorded, SignedCheckpoint
from indelible.sdk.draft import Entity, EventFields, draft_event, draft_mapping, encode_event
from indelible.sdk.feed import Flow, Results
from indelible.sdk.question import ExportFormat, Order, When, ask, check_after, check_format
from indelible.sdk.saving import saving
from indelible.sdk.trusted import trusted_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import BinaryIO, Unpack

    from indelible.sdk.found import Facets, FoundEntry, Histogram
    from indelible.sdk.log_plans import LogPlans
    from indelible.sdk.plan import Plan
    from indelible.verify.verdicts import Report

__all__ = ["AuditLog", "Receipt", "check_reference", "verify_receipt"]


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
            IntegrityError: it cannot be read, or is no record any more.
            UsageError: it is neither an index nor an id.
        """
        entry: Entry = self.run(self.plans.get(which))
        return entry

    def prove(self, which: int | str) -> Proof:
        """The entry with its inclusion proof, once a checkpoint covers it.

        Raises:
            NotFound: there is none.
            IntegrityError: it or its proof cannot be read, or it is no record any more.
            UsageError: it is neither an index nor an id.
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

    def search(
        self,
        query: str = "",
        *,
        since: When | None = None,
        until: When | None = None,
        order: Order = "desc",
        limit: int | None = None,
        proof: bool = False,
    ) -> Results:
        """The entries that match a query, fetched page by page as they are taken: ``for entry in log.search(…)``.

        Args:
            query: In the query language: ``actor:ada action:invoice.* -outcome:success``. Empty for everything.
            since: Only what occurred at that time or later: a ``datetime``, RFC 3339 text, or ``24h`` for a day ago.
            until: Only what occurred before.
            order: ``desc`` for the newest first, ``asc`` for the oldest.
            limit: At most so many; by default all.
            proof: Whether each entry is to bear its proof, as far as a checkpoint covers it.

        Raises:
            UsageError: a bound, the order or the limit cannot be; or this installation cannot search.
            QueryError: the query cannot be read; raised, as are all errors of the log, when the first entry is taken.
        """
        question = ask(query, since=since, until=until, order=order, limit=limit, proof=proof)
        return Results(self.plans.search(question), self.run)

    def histogram(
        self, query: str = "", *, since: When | None = None, until: When | None = None, buckets: int = 60
    ) -> Histogram:
        """How many entries match, over time and by outcome, in 1 to 500 spans of equal length.

        They lie between ``since`` and ``until``; by default between the first and the last entry that matches.
        """
        histogram: Histogram = self.run(self.plans.histogram(ask(query, since=since, until=until), buckets))
        return histogram

    def facets(
        self, field: str, query: str = "", *, since: When | None = None, until: When | None = None, limit: int = 10
    ) -> Facets:
        """The most frequent values of a field, ``actor`` or ``metadata.region``, among the entries that match."""
        facets: Facets = self.run(self.plans.facets(ask(query, since=since, until=until), field, limit))
        return facets

    def tail(self, query: str = "", *, after: int | None = None) -> Flow[FoundEntry]:
        """The entries that match, as they are recorded, for ever: ``for entry in log.tail("outcome:denied")``.

        Each is given once, in the order of the log. From a server they come through lost connections and restarts
        alike; only an error that will not pass ends it. ``close()`` ends it, from any thread; so does ``with``.

        Args:
            query: In the query language. Empty for everything.
            after: Begin beyond this index: with the last one seen, nothing between then and now is missed; with -1, at
                the beginning of the log. By default with what is recorded from now on.

        Raises:
            QueryError: the query cannot be read; raised when the first entry is taken.
        """
        check_after(after)
        return Flow(self.plans.tail(query, after), self.run)

    def export(
        self,
        format: ExportFormat,  # noqa: A002 - what it is called everywhere
        query: str = "",
        *,
        to: str | PathLike[str] | BinaryIO,
        since: When | None = None,
        until: When | None = None,
        order: Order = "asc",
    ) -> None:
        """Write the entries that match as ``ndjson``, ``csv``, ``parquet``, ``ocsf``, ``ecs`` or ``cloudevents``.

        Args:
            format: One of these.
            query: In the query language. Empty for everything.
            to: A file's path, which appears when it is whole and not before; or a binary file, open for writing.
            since: As in :meth:`search`.
            until: As in :meth:`search`.
            order: ``asc`` for the oldest first, ``desc`` for the newest.

        Raises:
            UsageError: there is no such format, or a bound or the order cannot be.
            QueryError: the query cannot be read.
            Unavailable: the server broke off; nothing is left at the path.
        """
        question = ask(query, since=since, until=until, order=order)
        with Flow(self.plans.export(question, check_format(format)), self.run) as pieces, saving(to) as file:
            for piece in pieces:
                file.write(piece)

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
        UsageError: a negative index, or a text that is no id.
    """
    if isinstance(which, int):
        if which < 0:
            raise UsageError(f"{which} is no index: entries are counted from 0")
        return
    try:
        normalise_id(which)
    except ValueError as error:
        expected = "its index in the log, a number from 0 on, or its id, a UUIDv7"
        raise UsageError(f"{which!r} names no event: give {expected}") from error
