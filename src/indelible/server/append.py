"""``POST /v1/logs/{log}/events``: one event, an array, or a stream of them; all or nothing.

A plain ASGI endpoint, since one event a request must cost little more than the request itself. Small bodies are
admitted on the event loop, where that takes less than handing them to a thread; large ones in a thread. The log's
own threads do everything that touches a disk.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from indelible.access import Permission
from indelible.errors import IdConflict
from indelible.server.answer import Answer
from indelible.server.appender import Appender, EventReceipt, check_proofs, parse_options
from indelible.server.body import Reserved, gunzip, read_body, read_headers
from indelible.server.media_type import MediaType, content_type, is_gzip

if TYPE_CHECKING:
    from indelible.events import Prepared
    from indelible.log import Appended, Log
    from indelible.server.asgi import Receive, Scope
    from indelible.server.context import Context

__all__ = ["Append", "Appending"]

_ACCEPTED = (MediaType.JSON, MediaType.NDJSON)
_GROUPED = 8_192  # bytes up to which a single event is taken together with others
_WHITE_SPACE = b" \t\r\n"


class Appending(Struct, frozen=True):
    """The answer to an append. ``events`` is left out with ``return=minimal``."""

    log: str
    first_index: int | None
    added: int
    duplicates: int
    events: list[EventReceipt] | UnsetType = UNSET


class Append:
    """The endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._appender = Appender(context)
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, name: str, scope: Scope, receive: Receive) -> Answer:
        """Admit, append, answer. Raises whatever :mod:`indelible.server.problem` knows."""
        context = self._context
        headers = read_headers(scope["headers"])
        principal, hosted = await context.authorise(headers, Permission.APPEND, name)
        log = hosted.writable
        options = parse_options(scope["query_string"])
        media_type = content_type(headers.content_type, _ACCEPTED)
        compressed = is_gzip(headers.content_encoding)
        settings = context.settings
        with Reserved(context.budget) as reserved:
            body = await read_body(receive, headers, reserved, limit=settings.max_body, seconds=settings.body_timeout)
            if len(body) <= _GROUPED and body.startswith(b"{") and media_type is MediaType.JSON and not compressed:
                context.rates.take_events(principal, 1)
                try:
                    appended = await self._appender.append_single(log, principal.id, body)
                except IdConflict as conflict:
                    raise _placed(conflict, alone=True) from None
            else:

                def admit() -> _Admitted:
                    data = gunzip(body, reserved, limit=settings.max_decompressed) if compressed else body
                    return _admit(log, media_type, data, principal.id)

                inline = len(body) <= settings.inline_body and not compressed
                admitted = admit() if inline else await context.blocking(admit)
                check_proofs(options, len(admitted.events), settings.max_proofs)
                context.rates.take_events(principal, len(admitted.events))
                appended = await self._append(log, admitted)
            if options.published:
                await self._appender.wait_published(log, appended)
        context.metrics.appends(name).add(appended, len(body))
        receipts = await self._appender.receipts(log, appended, options)
        answer = Appending(name, appended.first_index, appended.added, appended.duplicates, receipts)
        return Answer(201 if appended.added else 200, self._encode(answer))

    async def _append(self, log: Log, admitted: _Admitted) -> Appended:
        try:
            return await self._appender.append(log, admitted.events)
        except IdConflict as conflict:
            raise _placed(conflict, alone=admitted.alone) from None


class _Admitted(NamedTuple):
    """A request's events. ``alone`` is true for one JSON object, which pointers into it do not number."""

    events: list[Prepared]
    alone: bool


def _admit(log: Log, media_type: MediaType, body: bytes, principal: str) -> _Admitted:
    now_ms = time.time_ns() // 1_000_000
    if media_type is MediaType.NDJSON:
        events = log.preparer.prepare_ndjson(body, principal=principal, now_ms=now_ms, random=os.urandom)
        return _Admitted(events, alone=False)
    events = log.preparer.prepare_json(body, principal=principal, now_ms=now_ms, random=os.urandom)
    alone = body.startswith(b"{") or body.lstrip(_WHITE_SPACE).startswith(b"{")
    return _Admitted(events, alone)


def _placed(conflict: IdConflict, *, alone: bool) -> IdConflict:
    """The conflict with a pointer to the id in what was sent."""
    pointer = "/id" if alone else f"{conflict.pointer}/id"
    return IdConflict(conflict.event_id, first_index=conflict.first_index, pointer=pointer)
