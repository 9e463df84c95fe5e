"""``POST /v1/logs/{log}/ingest/{format}``: events of another format. Takes what is good, and says what was not.

A poison event must not cost its neighbours: senders such as a Kubernetes API server would try the batch again and
then drop all of it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from indelible.access import Permission
from indelible.errors import IdConflict, NotFound
from indelible.events import same_content
from indelible.events.foreign import ForeignEvent, cloudevents, cloudtrail, kubernetes, prepare_foreign
from indelible.server.answer import Answer
from indelible.server.appender import Appender, EventReceipt, check_proofs, parse_options
from indelible.server.body import Reserved, gunzip, read_body, read_headers
from indelible.server.media_type import MediaType, content_type, is_gzip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.events import Prepared
    from indelible.events.foreign import Rejected
    from indelible.log import Appended, Log, Reader
    from indelible.server.asgi import Receive, Scope
    from indelible.server.context import Context

__all__ = ["Ingest", "Ingesting", "RejectedRecord"]

_MAX_SHOWN = 1_000
_ATTEMPTS = 3  # a conflict can be new only when somebody else appends the same foreign id meanwhile
_READERS: dict[tuple[str, MediaType], Callable[[bytes], Iterator[ForeignEvent | Rejected]]] = {
    ("cloudtrail", MediaType.JSON): cloudtrail.read,
    ("kubernetes", MediaType.JSON): kubernetes.read,
    ("kubernetes", MediaType.NDJSON): kubernetes.read,
    ("cloudevents", MediaType.CLOUDEVENT): cloudevents.read,
    ("cloudevents", MediaType.CLOUDEVENTS): cloudevents.read_batch,
}


class RejectedRecord(Struct, frozen=True):
    """One record that was not taken: a JSON pointer to it in the document, and why."""

    record: str
    detail: str


class Ingesting(Struct, frozen=True):
    """The answer. ``rejected_count`` counts all; ``rejected`` shows the first 1,000 of them.

    ``without_raw`` counts the events that lost their original because it did not fit; its hash and length are kept.
    """

    log: str
    first_index: int | None
    added: int
    duplicates: int
    rejected_count: int
    rejected: list[RejectedRecord]
    without_raw: int
    events: list[EventReceipt] | UnsetType = UNSET


class Ingest:
    """The endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._appender = Appender(context)

    async def __call__(self, name: str, form: str, scope: Scope, receive: Receive) -> Answer:
        """Read, append what is good, answer. Raises whatever :mod:`indelible.server.problem` knows."""
        context, settings = self._context, self._context.settings
        headers = read_headers(scope["headers"])
        principal, hosted = await context.authorise(headers, Permission.APPEND, name)
        log = hosted.writable
        options = parse_options(scope["query_string"])
        read = _reader(form, headers.content_type)
        compressed = is_gzip(headers.content_encoding)
        with Reserved(context.budget) as reserved:
            body = await read_body(receive, headers, reserved, limit=settings.max_body, seconds=settings.body_timeout)

            def admit() -> _Admitted:
                data = gunzip(body, reserved, limit=settings.max_decompressed) if compressed else body
                return _admit(log, read(data), principal.id)

            admitted = await context.blocking(admit)
            check_proofs(options, len(admitted.events), settings.max_proofs)
            context.rates.take_events(principal, len(admitted.events))
            appended = await self._append(log, admitted)
            if options.published and appended.events:
                await self._appender.wait_published(log, appended)
        count = context.metrics.appends(name)
        count.add(appended, len(body))
        count.rejected += len(admitted.rejected)
        answer = Ingesting(
            log=name,
            first_index=appended.first_index,
            added=appended.added,
            duplicates=appended.duplicates,
            rejected_count=len(admitted.rejected),
            rejected=admitted.rejected[:_MAX_SHOWN],
            without_raw=admitted.without_raw,
            events=await self._appender.receipts(log, appended, options),
        )
        return Answer(201 if appended.added else 200, msgspec.json.encode(answer))

    async def _append(self, log: Log, admitted: _Admitted) -> Appended:
        """Append what does not contradict the log; what does is rejected."""
        for _ in range(_ATTEMPTS):
            try:
                return await self._appender.append(log, admitted.prepared)
            except IdConflict:
                await self._context.blocking(partial(admitted.reject_conflicts, log.reader))
        return await self._appender.append(log, admitted.prepared)


@dataclass(slots=True)
class _Admitted:
    """A document's events, each with the pointer to where it stood, and what was not taken."""

    events: list[tuple[str, Prepared]]
    rejected: list[RejectedRecord]
    without_raw: int

    @property
    def prepared(self) -> list[Prepared]:
        return [event for _, event in self.events]

    def reject_conflicts(self, reader: Reader) -> None:
        """Move the events whose ids the log, or this document, has for other content. Blocks."""
        kept: list[tuple[str, Prepared]] = []
        first: dict[str, Prepared] = {}
        for record, event in self.events:
            index = reader.find(event.id)
            before = first.setdefault(event.id, event).template if index is None else reader.look(index).checked().entry
            if same_content(before, event):
                kept.append((record, event))
            else:
                self.rejected.append(RejectedRecord(record, str(IdConflict(event.id, first_index=index))))
        self.events = kept


def _admit(log: Log, items: Iterator[ForeignEvent | Rejected], principal: str) -> _Admitted:
    """Prepare a document's events. Blocks."""
    records: list[str] = []

    def noted() -> Iterator[ForeignEvent | Rejected]:
        for item in items:
            if isinstance(item, ForeignEvent):
                records.append(item.record)
            yield item

    now_ms = time.time_ns() // 1_000_000
    intake = prepare_foreign(log.preparer, noted(), principal=principal, now_ms=now_ms, random=os.urandom)
    refused = {rejected.record for rejected in intake.rejected}
    taken = [record for record in records if record not in refused]
    return _Admitted(
        events=list(zip(taken, intake.prepared, strict=True)),
        rejected=[RejectedRecord(rejected.record, rejected.detail) for rejected in intake.rejected],
        without_raw=intake.without_raw,
    )


def _reader(form: str, declared: bytes | None) -> Callable[[bytes], Iterator[ForeignEvent | Rejected]]:
    accepted = [media_type for name, media_type in _READERS if name == form]
    if not accepted:
        formats = ", ".join(sorted({name for name, _ in _READERS}))
        detail = f"there is no format {form!r}; there are {formats}"
        raise NotFound(detail)
    return _READERS[form, content_type(declared, accepted)]
