"""What the SDK asks of a server, as plans: each ability once, for the sync and the async object alike.

Appends are sent again after a failure that may pass (no connection, 429, 502, 503, 504) for as long as ``patience``
allows. That is harmless: every event bears its id, and an event that is there already is answered with its index.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from indelible.client.exchange import Answer, Call, Effect, Exchange, Pause
from indelible.client.problem import error_of
from indelible.client.reading import ask_server, decode
from indelible.client.records import entry_of
from indelible.client.searching import ExportStream, SearchPages, facets, histogram
from indelible.client.tail import TailStream
from indelible.client.verification import verify_served_log
from indelible.errors import (
    FormatError,
    NotYetPublished,
    PeerError,
    Unavailable,
)
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.sdk.answers import Entry, LogDescription, Proof, Recorded, SignedCheckpoint
from indelible.sdk.audit_log import check_reference
from indelible.verify.verdicts import Report
from indelible.verify.verification import VerifyOptions

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from indelible.client.fetch import HttpFetcher
    from indelible.sdk.found import Facets, Histogram
    from indelible.sdk.plan import Plan
    from indelible.sdk.question import ExportFormat, Question
    from indelible.trust.pins import Pins

__all__ = ["ClientPlans"]

_LONGEST_BACKOFF = 10.0


class _Appended(msgspec.Struct):
    events: list[_Event]


class _Event(msgspec.Struct):
    id: str
    index: int
    leaf_hash: str
    duplicate: bool


class _Described(msgspec.Struct):
    origin: str
    vkeys: list[str]
    size: int
    journaled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPlans:
    """The abilities of one log on a server.

    Attributes:
        name: The log's name there.
        pins: What is remembered of it here.
        fetcher: Gets its files, for verification.
        patience: Seconds for which an append is tried again, and a proof waited for.
    """

    name: str
    pins: Pins
    fetcher: HttpFetcher
    patience: float = 30.0

    def append(self, events: Sequence[bytes], *, alone: bool = False) -> Plan[list[Recorded]]:
        """POST one event as itself, or several as NDJSON; see :class:`indelible.sdk.audit_log.LogPlans`."""
        answer = yield from self._insist(
            Exchange(
                method="POST",
                path=f"/v1/logs/{self.name}/events",
                content=b"\n".join(events),
                headers={"Content-Type": "application/json" if alone else "application/x-ndjson"},
            )
        )
        appended = decode(answer, _Appended)
        if len(appended.events) != len(events):
            raise PeerError(f"the server answered for {len(appended.events)} events; {len(events)} were sent")
        return [
            Recorded(id=event.id, index=event.index, leaf_hash=event.leaf_hash, duplicate=event.duplicate)
            for event in appended.events
        ]

    def describe(self) -> Plan[LogDescription]:
        """``GET /v1/logs/{log}``."""
        answer = yield from ask_server(f"/v1/logs/{self.name}")
        described = decode(answer, _Described)
        return LogDescription(
            origin=described.origin,
            vkeys=tuple(described.vkeys),
            size=described.size,
            journaled=described.journaled,
        )

    def wait_published(self, size: int, timeout: float | None) -> Plan[None]:
        """Ask for the log's size until it is reached: any role may."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (yield from self.describe()).size < size:
            if deadline is not None and time.monotonic() >= deadline:
                raise NotYetPublished("the event is durable; no checkpoint covers it yet", retry_after=1.0)
            yield Pause(0.1)

    def get(self, which: int | str) -> Plan[Entry]:
        """One record; its bytes are restored from the answer, and stand or fall with their leaf hash in ``prove``."""
        answer = yield from ask_server(self._event(which))
        found = entry_of(decode(answer, dict[str, Any]))
        return Entry(index=found.index, entry=found.entry, leaf_hash=found.leaf_hash, published=found.published)

    def prove(self, which: int | str) -> Plan[Proof]:
        """The record and its tlog-proof, waiting for the checkpoint that will cover it."""
        entry = yield from self.get(which)
        deadline = time.monotonic() + self.patience
        while True:
            try:
                answer = yield from ask_server(self._event(entry.index) + "/proof")
            except NotYetPublished as error:
                if time.monotonic() >= deadline:
                    raise
                yield Pause(min(error.retry_after, 1.0))
            else:
                return Proof(index=entry.index, entry=entry.entry, tlog_proof=answer.body)

    def checkpoint(self) -> Plan[SignedCheckpoint]:
        """The C2SP ``checkpoint`` of the log."""
        answer = yield from ask_server(f"/logs/{self.name}/checkpoint")
        try:
            checkpoint = Checkpoint.parse(Note.parse(answer.body).text)
        except FormatError as error:
            raise PeerError(f"the server's checkpoint cannot be read: {error}") from error
        return SignedCheckpoint(
            origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex(), note=answer.body
        )

    def verify(self, *, quick: bool) -> Plan[Report]:
        """Verify the log's files, in a thread when this is awaited."""
        described = yield from self.describe()
        report = yield Call(
            lambda: verify_served_log(
                self.fetcher,
                self.name,
                pins=self.pins,
                origin=described.origin,
                shown=described.vkeys,
                options=VerifyOptions(quick=quick),
            )
        )
        return Report(target=self.fetcher.url, logs=(report,))

    def search(self, question: Question) -> SearchPages:
        """``GET /v1/logs/{log}/events``, page by page."""
        return SearchPages(self.name, question)

    def histogram(self, question: Question, buckets: int) -> Plan[Histogram]:
        """``GET /v1/logs/{log}/histogram``."""
        return histogram(self.name, question, buckets)

    def facets(self, question: Question, field: str, limit: int) -> Plan[Facets]:
        """``GET /v1/logs/{log}/facets``."""
        return facets(self.name, question, field, limit)

    def tail(self, query: str, after: int | None) -> TailStream:
        """``GET /v1/logs/{log}/stream``, resumed whenever it breaks."""
        return TailStream(self.name, query, after, describe=self.describe, patience=self.patience)

    def export(self, question: Question, form: ExportFormat) -> ExportStream:
        """``GET /v1/logs/{log}/export``."""
        return ExportStream(self.name, question, form)

    def _event(self, which: int | str) -> str:
        check_reference(which)
        return f"/v1/logs/{self.name}/events/{quote(str(which), safe='')}"

    def _insist(self, exchange: Exchange) -> Generator[Effect, Answer, Answer]:
        deadline = time.monotonic() + self.patience
        backoff = 0.1
        while True:
            try:
                answer = yield exchange
                if answer.status in (200, 201):
                    return answer
                raise error_of(answer)
            except Unavailable as error:
                pause = max(min(error.retry_after, _LONGEST_BACKOFF) * random.uniform(0.5, 1.0), backoff)  # noqa: S311
                if time.monotonic() + pause >= deadline:
                    raise
            yield Pause(pause)
            backoff = min(backoff * 2, _LONGEST_BACKOFF)
