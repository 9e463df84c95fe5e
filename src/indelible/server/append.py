"""``POST /v1/logs/{log}/events``: one event, an array, or a stream of them; all or nothing.

A plain ASGI endpoint, since one event a request must cost little more than the request itself. Small bodies are
admitted on the event loop, where that takes less than handing them to a thread; large ones in a thread. The log's
own threads do everything that touches a disk.
"""

from __future__ import annotations

import asyncio
import os
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from indelible.access import Permission
from indelible.errors import IdConflict, TooLarge, Unavailable
from indelible.log import Appended
from indelible.server.answer import Answer
from indelible.server.body import Reserved, gunzip, read_body, read_headers
from indelible.server.completions import Completions
from indelible.server.media_type import MediaType, content_type, is_gzip
from indelible.server.problem import Refusal
from indelible.server.query import choice, parse_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.events.preparation import Prepared
    from indelible.log import Log
    from indelible.server.asgi import Receive, Scope
    from indelible.server.context import Context
    from indelible.server.hosted_logs import HostedLog

__all__ = ["Append", "AppendOptions", "Appender", "Appending", "EventReceipt", "check_proofs", "parse_options"]

_ACCEPTED = (MediaType.JSON, MediaType.NDJSON)
_NOTHING = Appended(first_index=None, added=0, events=())


class EventReceipt(Struct, frozen=True):
    """Where one event is in the log. ``proof`` is a C2SP tlog-proof, there when it was waited for."""

    id: str
    index: int
    leaf_hash: str
    duplicate: bool
    proof: str | UnsetType = UNSET


class Appending(Struct, frozen=True):
    """The answer to an append. ``events`` is left out with ``return=minimal``."""

    log: str
    first_index: int | None
    added: int
    duplicates: int
    events: list[EventReceipt] | UnsetType = UNSET


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
    """Hands prepared events to a log and waits, on the event loop, for what becomes of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loop: asyncio.AbstractEventLoop | None = None
        self._completions: Completions

    async def append(self, log: Log, events: Sequence[Prepared], *, published: bool) -> Appended:
        """Append all of the events or none; with ``published``, wait until a signed checkpoint covers them.

        Raises:
            IndelibleError: as :meth:`Log.submit` and its submissions.
            Unavailable: they are durable, but were not published in time.
        """
        if not events:
            return _NOTHING
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._completions = loop, Completions(loop)
        done = loop.create_future()
        complete = self._completions.complete
        submission = log.submit(events, lambda _: complete(done))
        await done
        appended = submission.result()
        if published:
            await self._published(log, appended, loop.create_future())
        return appended

    async def _published(self, log: Log, appended: Appended, reached: asyncio.Future[None]) -> None:
        log.when_published(appended.size, partial(self._completions.complete, reached))
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

    async def receipts(self, log: Log, appended: Appended, options: AppendOptions) -> list[EventReceipt] | UnsetType:
        """The receipts of an append as the answer shows them."""
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


class Append:
    """The endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._appender = Appender(context)
        self._encoder = msgspec.json.Encoder()

    async def __call__(self, name: str, scope: Scope, receive: Receive) -> Answer:
        """Admit, append, answer. Raises whatever :mod:`indelible.server.problem` knows."""
        context = self._context
        headers = read_headers(scope["headers"])
        principal, hosted = await context.authorise(headers, Permission.APPEND, name)
        options = parse_options(scope["query_string"])
        media_type = content_type(headers.content_type, _ACCEPTED)
        compressed = is_gzip(headers.content_encoding)
        settings = context.settings
        with Reserved(context.budget) as reserved:
            body = await read_body(receive, headers, reserved, limit=settings.max_body, seconds=settings.body_timeout)
            if not compressed and len(body) <= settings.inline_body:
                admitted = _admit(hosted, media_type, body, principal.id)
            else:

                def admit() -> _Admitted:
                    data = gunzip(body, reserved, limit=settings.max_decompressed) if compressed else body
                    return _admit(hosted, media_type, data, principal.id)

                admitted = await context.blocking(admit)
            check_proofs(options, len(admitted.events), settings.max_proofs)
            try:
                appended = await self._appender.append(hosted.log, admitted.events, published=options.published)
            except IdConflict as conflict:
                raise _placed(conflict, alone=admitted.alone) from None
        context.metrics.appended(name, added=appended.added, duplicates=appended.duplicates, size=len(body))
        receipts = await self._appender.receipts(hosted.log, appended, options)
        answer = Appending(name, appended.first_index, appended.added, appended.duplicates, receipts)
        return Answer(201 if appended.added else 200, self._encoder.encode(answer))


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
        raise TooLarge(detail, limit=limit)


class _Admitted(NamedTuple):
    """A request's events. ``alone`` is true for one JSON object, which pointers into it do not number."""

    events: list[Prepared]
    alone: bool


def _admit(hosted: HostedLog, media_type: MediaType, body: bytes, principal: str) -> _Admitted:
    preparer = hosted.log.preparer
    is_json = media_type is MediaType.JSON
    prepare = preparer.prepare_json if is_json else preparer.prepare_ndjson
    events = prepare(body, principal=principal, now_ms=time.time_ns() // 1_000_000, random=os.urandom)
    return _Admitted(events, is_json and len(events) == 1 and not body.lstrip(b" \t\r\n").startswith(b"["))


def _placed(conflict: IdConflict, *, alone: bool) -> IdConflict:
    """The conflict with a pointer to the id in what was sent."""
    pointer = "/id" if alone else f"{conflict.pointer}/id"
    return IdConflict(conflict.event_id, first_index=conflict.first_index, pointer=pointer)
