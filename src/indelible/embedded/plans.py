"""What the SDK asks of a log in a directory, as plans: each ability once, for the sync and the async object alike."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indelible.embedded.effects import Begin, Call
from indelible.embedded.searching import ExportPieces, SearchPages
from indelible.embedded.tail import TailEntries
from indelible.embedded.verification import verify_stored_log
from indelible.errors import NotYetPublished, UsageError
from indelible.sdk.answers import Entry, LogDescription, Proof, Recorded, SignedCheckpoint
from indelible.sdk.audit_log import check_reference
from indelible.verify.verdicts import Report
from indelible.verify.verification import VerifyOptions

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from indelible.embedded.data_directory import DataDirectory
    from indelible.embedded.effects import Effect
    from indelible.embedded.reading import Source
    from indelible.embedded.searching import DirectorySearch
    from indelible.events import Prepared
    from indelible.log import Appended, Log
    from indelible.sdk.found import Facets, Histogram
    from indelible.sdk.plan import Plan
    from indelible.sdk.question import ExportFormat, Question
    from indelible.trust.pins import Pins

__all__ = ["EmbeddedPlans"]

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPlans:
    """The abilities of one log in a directory.

    Attributes:
        directory: The directory.
        name: The log's name there.
        source: Where it is read from.
        searcher: What is asked to find something in it.
        log: Where it is written to; ``None`` when it was opened for reading.
        principal: Who writes, as the records will say.
        pins: What is remembered of the log outside its directory.
    """

    directory: DataDirectory
    name: str
    source: Source
    searcher: DirectorySearch
    log: Log | None
    principal: str
    pins: Pins

    def append(self, events: Sequence[bytes], *, alone: bool = False) -> Plan[list[Recorded]]:
        """Prepare and submit; see :class:`indelible.sdk.audit_log.LogPlans`."""
        log = self.log
        if log is None:
            raise UsageError(f"the log {self.name} was opened for reading; open it without read_only to record")
        prepared = self._prepare(log, events, alone=alone)
        submission = yield Begin(lambda done: log.submit(prepared, lambda _: done()))
        appended: Appended = submission.result()
        return [
            Recorded(id=event.id, index=event.index, leaf_hash=event.leaf_hash.hex(), duplicate=event.duplicate)
            for event in appended.events
        ]

    def describe(self) -> Plan[LogDescription]:
        """The configuration's word, and how far the log has come."""
        published = yield Call(self.source.published)
        log = self.directory.log(self.name)
        size = published.checkpoint.size
        journaled = yield Call(self.source.acknowledged)
        return LogDescription(origin=log.origin, vkeys=log.vkeys, size=size, journaled=max(size, journaled))

    def wait_published(self, size: int, timeout: float | None) -> Plan[None]:
        """Wait for the publisher, or look at the directory again and again when something else publishes."""
        late = NotYetPublished("the event is durable; no checkpoint covers it yet", retry_after=1.0)
        log = self.log
        if log is not None:
            try:
                yield Begin(lambda done: log.when_published(size, done), timeout)
            except TimeoutError:
                raise late from None
            log.check_published(size)
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        while (yield Call(self.source.published)).checkpoint.size < size:
            if deadline is not None and time.monotonic() >= deadline:
                raise late
            yield Call(lambda: time.sleep(_POLL_SECONDS))

    def get(self, which: int | str) -> Plan[Entry]:
        """Read one entry."""
        index = yield from self._index(which)
        stored = yield Call(lambda: self.source.look(index).checked())
        return Entry(index=index, entry=stored.entry, leaf_hash=stored.leaf_hash.hex(), published=stored.published)

    def prove(self, which: int | str) -> Plan[Proof]:
        """Read one entry and make its proof, once it is published."""
        entry = yield from self.get(which)
        if self.log is not None:
            yield from self.wait_published(entry.index + 1, None)
        proof = yield Call(lambda: self.source.prove(entry.index))
        return Proof(index=entry.index, entry=entry.entry, tlog_proof=proof)

    def checkpoint(self) -> Plan[SignedCheckpoint]:
        """Read the checkpoint."""
        published = yield Call(self.source.published)
        checkpoint = published.checkpoint
        return SignedCheckpoint(
            origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex(), note=published.note
        )

    def verify(self, *, quick: bool) -> Plan[Report]:
        """Verify the files, beside whatever writes them."""
        options = VerifyOptions(quick=quick)
        report = yield Call(lambda: verify_stored_log(self.directory, self.name, pins=self.pins, options=options))
        return Report(target=str(self.directory.path), logs=(report,))

    def search(self, question: Question) -> SearchPages:
        """Ask the index, and read what it names."""
        return SearchPages(self.searcher, question)

    def histogram(self, question: Question, buckets: int) -> Plan[Histogram]:
        """Ask the index."""
        histogram: Histogram = yield Call(lambda: self.searcher.histogram(question, buckets))
        return histogram

    def facets(self, question: Question, field: str, limit: int) -> Plan[Facets]:
        """Ask the index."""
        facets: Facets = yield Call(lambda: self.searcher.facets(question, field, limit))
        return facets

    def tail(self, query: str, after: int | None) -> TailEntries:
        """Read what becomes durable, and hold it against the query."""
        return TailEntries(self.source, query, after)

    def export(self, question: Question, form: ExportFormat) -> ExportPieces:
        """Ask the index, read what it names, and write that."""
        return ExportPieces(self.searcher, question, form)

    def _index(self, which: int | str) -> Generator[Effect, Any, int]:
        check_reference(which)
        if isinstance(which, int):
            return which
        index: int = yield Call(lambda: self.source.find(which))
        return index

    def _prepare(self, log: Log, events: Sequence[bytes], *, alone: bool) -> list[Prepared]:
        now_ms = time.time_ns() // 1_000_000
        if alone:
            return log.preparer.prepare_json(events[0], principal=self.principal, now_ms=now_ms, random=os.urandom)
        body = b"\n".join(events)
        return log.preparer.prepare_ndjson(body, principal=self.principal, now_ms=now_ms, random=os.urandom)
