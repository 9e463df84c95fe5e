"""From prepared events to receipts: hands them to a log, and waits on the event loop for what becomes of them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from indelible.errors import TooLarge, Unavailable
from indelible.log import Appended
from indelible.server.completions import Completions
from indelible.server.problem import Refusal
from indelible.server.query import choice, parse_query
from indelible.server.single_events import SingleEvents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.events import Prepared
    from indelible.log import Log
    from indelible.server.context import Context

__all__ = ["AppendOptions", "Appender", "EventReceipt", "check_proofs", "parse_options"]

_NOTHING = Appended(first_index=None, added=0, events=())


class EventReceipt(Struct, frozen=True):
    """Where one event is in the log. ``proof`` is a C2SP tlog-proof, there when it was waited for."""

    id: str
    index: int
    leaf_hash: str
    duplicate: bool
    proof: str | UnsetType = UNSET


class AppendOptions(NamedTuple):
    """What the query of an append asks for."""

    published: bool
    minimal: bool


_DEFAULTS = AppendOptions(published=False, minimal=False)


def parse_options(query: bytes) -> AppendOptions:
    """Read ``wait`` and ``return``.

    Raises:
        Refusal: 400: one of them is unknown or not possible.
    """
    if not query:
        return _DEFAULTS
    parameters = parse_query(query, ("wait", "return"))
    wait = choice(parameters, "wait", ("journaled", "published", "witnessed"), "journaled")
    if wait == "witnessed":
        detail = "wait=witnessed: this log has no witness policy, so nobody would cosign; use wait=published"
        raise Refusal(400, "bad-query", detail, pointer="?wait")
    detail = choice(parameters, "return", ("full", "minimal"), "full")
    return AppendOptions(published=wait == "published", minimal=detail == "minimal")


class Appender:
    """Hands events to a log and waits, on the event loop, for what becomes of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._completions: Completions | None = None  # of the event loop that runs
        self._single: SingleEvents

    async def append(self, log: Log, events: Sequence[Prepared]) -> Appended:
        """Append all of the events or none.

        Raises:
            IndelibleError: as :meth:`Log.submit` and its submissions.
        """
        if not events:
            return _NOTHING
        completions = self._running()
        done = completions.loop.create_future()
        submission = log.submit(events, lambda _: completions.complete(done))
        await done
        return submission.result()

    def append_single(self, log: Log, principal: str, body: bytes) -> asyncio.Future[Appended]:
        """Append the one event in ``body``, a JSON object, together with others that arrive now.

        The future's errors are those of preparing it and of :meth:`append`.
        """
        self._running()
        return self._single.append(log, principal, body)

    async def wait_published(self, log: Log, appended: Appended) -> None:
        """Wait until a signed checkpoint covers what was appended.

        Raises:
            Unavailable: that took too long, or the log stopped; the events are durable.
        """
        completions = self._running()
        reached = completions.loop.create_future()
        log.when_published(appended.size, partial(completions.complete, reached))
        try:
            async with asyncio.timeout(self._context.settings.publish_timeout):
                await reached
        except TimeoutError:
            detail = (
                "the events are durable, but no signed checkpoint covers them yet; "
                "sending the same events again is harmless, and will answer with their proofs"
            )
            raise Unavailable(detail, retry_after=1.0) from None
        log.check_published(appended.size)

    def _running(self) -> Completions:
        loop = asyncio.get_running_loop()
        if self._completions is None or self._completions.loop is not loop:
            self._completions = Completions(loop)
            self._single = SingleEvents(self._completions)
        return self._completions

    async def receipts(self, log: Log, appended: Appended, options: AppendOptions) -> list[EventReceipt] | UnsetType:
        """The receipts of an append as its answer shows them."""
        if options.minimal:
            return UNSET
        if not options.published:
            return [EventReceipt(r.id, r.index, r.leaf_hash.hex(), r.duplicate) for r in appended.events]

        def prove() -> list[EventReceipt]:
            return [
                EventReceipt(r.id, r.index, r.leaf_hash.hex(), r.duplicate, log.reader.prove(r.index).decode())
                for r in appended.events
            ]

        return await self._context.blocking(prove)


def check_proofs(options: AppendOptions, count: int, limit: int) -> None:
    """Refuse to make more than ``limit`` proofs for one answer.

    Raises:
        TooLarge: ``count`` events would need a proof each.
    """
    if options.published and not options.minimal and count > limit:
        detail = (
            f"wait=published answers with a proof for each event and takes at most {limit:,} of them; "
            "send fewer, or add return=minimal and ask for proofs one by one"
        )
        raise TooLarge(detail, limit=limit, what="too-many-proofs")
