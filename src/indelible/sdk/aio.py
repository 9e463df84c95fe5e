"""The same object with ``await``: the same plans, run on an event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from indelible.sdk.answers import Entry, Proof, Recorded, SignedCheckpoint
from indelible.sdk.audit_log import verify_receipt
from indelible.sdk.draft import Entity, EventFields, draft_event, draft_mapping, encode_event
from indelible.sdk.feed import AsyncFlow, AsyncResults
from indelible.sdk.question import ExportFormat, Order, When, ask, check_after, check_format
from indelible.sdk.saving import saving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import BinaryIO, Unpack

    from indelible.sdk.found import Facets, FoundEntry, Histogram
    from indelible.sdk.log_plans import LogPlans
    from indelible.sdk.plan import Plan
    from indelible.verify.verdicts import Report

__all__ = ["AsyncAuditLog", "AsyncReceipt", "Opening"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncReceipt(Recorded):
    """As :class:`indelible.sdk.audit_log.Receipt`."""

    _log: AsyncAuditLog = field(repr=False, compare=False)

    async def wait_published(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the same name in both
        """As :meth:`indelible.sdk.audit_log.Receipt.wait_published`."""
        await self._log.run(self._log.plans.wait_published(self.index + 1, timeout))

    async def verify(self) -> None:
        """As :meth:`indelible.sdk.audit_log.Receipt.verify`."""
        await self._log.run(verify_receipt(self._log.plans, self))


class AsyncAuditLog:
    """One audit log; the methods are those of :class:`indelible.sdk.audit_log.AuditLog`."""

    def __init__(
        self, plans: LogPlans, run: Callable[[Plan[Any]], Awaitable[Any]], close: Callable[[], Awaitable[None]]
    ) -> None:
        """Join plans, what runs them, and what ends it all; ``open`` and ``connect`` do that."""
        self.plans = plans
        self.run = run
        self._close = close

    @property
    def name(self) -> str:
        """The log's name in its directory or on its server."""
        return self.plans.name

    async def record(
        self, action: str, *, actor: Entity, targets: Iterable[Entity] = (), **fields: Unpack[EventFields]
    ) -> AsyncReceipt:
        """Append one event."""
        return (await self._append([encode_event(draft_event(action, actor, targets, fields))], alone=True))[0]

    async def record_many(self, events: Iterable[Mapping[str, Any]]) -> list[AsyncReceipt]:
        """Append several events, all or none."""
        drafted = [encode_event(draft_mapping(event)) for event in events]
        if not drafted:
            return []
        return await self._append(drafted)

    async def get(self, which: int | str) -> Entry:
        """The entry with this index or event id."""
        entry: Entry = await self.run(self.plans.get(which))
        return entry

    async def prove(self, which: int | str) -> Proof:
        """The entry with its inclusion proof."""
        proof: Proof = await self.run(self.plans.prove(which))
        return proof

    async def checkpoint(self) -> SignedCheckpoint:
        """The latest signed checkpoint."""
        checkpoint: SignedCheckpoint = await self.run(self.plans.checkpoint())
        return checkpoint

    async def verify(self, *, quick: bool = False) -> Report:
        """Check the whole log."""
        report: Report = await self.run(self.plans.verify(quick=quick))
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
    ) -> AsyncResults:
        """The entries that match a query: ``async for entry in log.search(…)``, without ``await``."""
        question = ask(query, since=since, until=until, order=order, limit=limit, proof=proof)
        return AsyncResults(self.plans.search(question), self.run)

    async def histogram(
        self, query: str = "", *, since: When | None = None, until: When | None = None, buckets: int = 60
    ) -> Histogram:
        """How many entries match, over time and by outcome."""
        histogram: Histogram = await self.run(self.plans.histogram(ask(query, since=since, until=until), buckets))
        return histogram

    async def facets(
        self, field: str, query: str = "", *, since: When | None = None, until: When | None = None, limit: int = 10
    ) -> Facets:
        """The most frequent values of a field among the entries that match."""
        facets: Facets = await self.run(self.plans.facets(ask(query, since=since, until=until), field, limit))
        return facets

    def tail(self, query: str = "", *, after: int | None = None) -> AsyncFlow[FoundEntry]:
        """The entries that match, as they are recorded: ``async for entry in log.tail(…)``, without ``await``.

        A wait that is cancelled, by ``asyncio.timeout`` say, loses nothing. ``aclose()`` or ``async with`` ends it.
        """
        check_after(after)
        return AsyncFlow(self.plans.tail(query, after), self.run)

    async def export(
        self,
        format: ExportFormat,  # noqa: A002 - what it is called everywhere
        query: str = "",
        *,
        to: str | PathLike[str] | BinaryIO,
        since: When | None = None,
        until: When | None = None,
        order: Order = "asc",
    ) -> None:
        """Write the entries that match in a format."""
        question = ask(query, since=since, until=until, order=order)
        with saving(to) as file:
            async with AsyncFlow(self.plans.export(question, check_format(format)), self.run) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)

    async def close(self) -> None:
        """Finish what has been begun, and release everything."""
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _append(self, events: Sequence[bytes], *, alone: bool = False) -> list[AsyncReceipt]:
        recorded: list[Recorded] = await self.run(self.plans.append(events, alone=alone))
        return [
            AsyncReceipt(id=one.id, index=one.index, leaf_hash=one.leaf_hash, duplicate=one.duplicate, _log=self)
            for one in recorded
        ]


class Opening:
    """What ``indelible.aio.open`` gives: await it for the log, or use it with ``async with``."""

    def __init__(self, begin: Callable[[], Awaitable[AsyncAuditLog]]) -> None:
        self._begin = begin
        self._log: AsyncAuditLog | None = None

    def __await__(self) -> Generator[Any, Any, AsyncAuditLog]:
        return self._begin().__await__()

    async def __aenter__(self) -> AsyncAuditLog:
        self._log = await self._begin()
        return self._log

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._log is not None:
            await self._log.close()
