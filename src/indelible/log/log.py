"""A running log: what callers ask of it, and the threads that drive its parts.

The sequencer's thread turns groups of requests into journaled entries; the publisher's thread turns journaled entries
into checkpoints. Both only call ``Sequencer.run`` and ``Publisher.run`` in a loop, so tests can drive the same parts
step by step.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from indelible.errors import NotYetPublished, Unavailable
from indelible.log.assembly import assemble
from indelible.log.interval import store_interval
from indelible.log.pool import Pool
from indelible.log.submission import Appended, Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from indelible.config import LogSettings
    from indelible.events import Prepared
    from indelible.formats.checkpoint import Checkpoint
    from indelible.log.assembly import Parts, Stores
    from indelible.log.clock import Clock
    from indelible.log.interval import Storing
    from indelible.trust.signer import LogSigner

__all__ = ["Log", "LogStatus", "Wait"]

Wait = Literal["journaled", "published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """How a running log is, at one moment.

    Attributes:
        size: Entries that the published checkpoint covers.
        root: That checkpoint's root.
        checkpoint: Its signed note.
        journaled: Entries that are durable, published or not.
        read_only: Why the log takes no appends, or ``None``.
        pool_entries: Entries that wait to be sequenced.
        pool_bytes: Their bytes.
        checkpoint_age: Seconds since the checkpoint was signed.
        scrub_findings: How much the last scrub found wrong; ``None`` when none has ended yet.
        scrubbed_at: When it ended, in seconds since the epoch, likewise.
    """

    size: int
    root: bytes
    checkpoint: bytes
    journaled: int
    read_only: str | None
    pool_entries: int
    pool_bytes: int
    checkpoint_age: float
    scrub_findings: int | None
    scrubbed_at: float | None


class Log:
    """One log, open for appending. Safe to use from any thread; the only writer of its storage.

    ``sequencer``, ``publisher`` and ``scrubber`` belong to its threads; whoever has not started those may drive them.
    """

    def __init__(self, parts: Parts) -> None:
        """Drive these parts; :meth:`open` is the way to make a log."""
        self.name = parts.name
        self.origin = parts.origin
        self.preparer = parts.preparer
        self.reader = parts.reader
        self.measures = parts.measures
        self.sequencer = parts.sequencer
        self.publisher = parts.publisher
        self.scrubber = parts.scrubber
        self._settings = parts.settings
        self._stores = parts.stores
        self._tail = parts.tail
        self._health = parts.health
        self._clock = parts.clock
        self._pool = Pool(max_entries=parts.settings.pool_entries, max_bytes=parts.settings.pool_bytes)
        self._closing = threading.Event()
        self._sequenced = threading.Event()  # nothing more will be journaled
        self._threads = [
            threading.Thread(target=self._sequence, name=f"{self.name}-sequencer", daemon=True),
            threading.Thread(target=self._publish, name=f"{self.name}-publisher", daemon=True),
            threading.Thread(target=self._scrub, name=f"{self.name}-scrubber", daemon=True),
        ]

    @classmethod
    def open(
        cls,
        stores: Stores,
        *,
        name: str,
        origin: str,
        signer: LogSigner,
        settings: LogSettings | None = None,
        clock: Clock | None = None,
        remembered: Checkpoint | None = None,
        store: Storing = store_interval,
    ) -> Self:
        """Recover a log and start it.

        Arguments and errors are those of :func:`indelible.log.assembly.assemble`.
        """
        log = cls(
            assemble(
                stores,
                name=name,
                origin=origin,
                signer=signer,
                settings=settings,
                clock=clock,
                remembered=remembered,
                store=store,
            )
        )
        log.start()
        return log

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, events: Sequence[Prepared], on_done: Callable[[Submission], None]) -> Submission:
        """Queue one request without waiting for it.

        ``on_done`` is called once, on the sequencer's thread, when :meth:`Submission.result` has an answer.

        Raises:
            Overloaded: too much is waiting.
            ReadOnly: the log takes no appends.
            Closed: the log is shutting down.
        """
        self._health.check()
        submission = Submission(events, on_done)
        self._pool.put(submission)
        return submission

    def has_room(self, entries: int) -> bool:
        """Whether :meth:`submit` would take so many entries now, as far as their number goes. Never blocks."""
        return self._pool.has_room(entries)

    def append(self, events: Sequence[Prepared], *, wait: Wait = "journaled", timeout: float | None = None) -> Appended:
        """Append one request and wait until it is durable, or covered by a signed checkpoint.

        ``timeout`` in seconds bounds the wait for the checkpoint.

        Raises:
            IdConflict: an id has been used for other content; nothing was appended.
            NotYetPublished: the entries are durable, but ``timeout`` passed before a checkpoint covered them.
            Unavailable: the log is overloaded, full, read-only or closing.
        """
        done = threading.Event()
        submission = self.submit(events, lambda _: done.set())
        done.wait()
        appended = submission.result()
        if wait == "published":
            self.wait_published(appended.size, timeout=timeout)
        return appended

    def wait_published(self, size: int, *, timeout: float | None = None) -> None:
        """Wait until a signed checkpoint covers ``size`` entries.

        Raises:
            NotYetPublished: ``timeout`` seconds have passed.
            Unavailable: the log stopped publishing.
        """
        reached = threading.Event()
        self._tail.when_published(size, reached.set)
        if not reached.wait(timeout):
            raise NotYetPublished(
                "the entries are durable; no checkpoint covers them yet", retry_after=self._settings.publish_interval
            )
        self.check_published(size)

    def when_published(self, size: int, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, when a checkpoint covers ``size`` entries or the log has stopped publishing."""
        self._tail.when_published(size, callback)

    def check_published(self, size: int) -> None:
        """Raise unless a signed checkpoint covers ``size`` entries: for use after :meth:`when_published` has called.

        Raises:
            Unavailable: the log stopped before it was published.
        """
        if self.reader.size < size:
            self._health.check()
            raise Unavailable("the log stopped before a checkpoint covered these entries; they are durable")

    @property
    def status(self) -> LogStatus:
        """How the log is now."""
        published = self.reader.published
        return LogStatus(
            size=published.checkpoint.size,
            root=published.checkpoint.root,
            checkpoint=published.note,
            journaled=self._tail.end,
            read_only=self._health.reason,
            pool_entries=self._pool.entries,
            pool_bytes=self._pool.bytes,
            checkpoint_age=self._clock.monotonic() - self.publisher.published_at,
            scrub_findings=self.scrubber.findings,
            scrubbed_at=self.scrubber.finished_at,
        )

    def close(self) -> None:
        """Take nothing new, write and publish what has been taken, end the threads, release the storage."""
        self._closing.set()
        self._pool.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        if self._health.reason is None:
            self.sequencer.trim(self.publisher.trimmable)
        self._tail.stop()
        self._stores.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _sequence(self) -> None:
        trimmed = 0
        limit = self._settings.unpublished_entries
        while not self._pool.drained:
            group = self._pool.take(self._settings.group_entries)
            while self._tail.length > limit and self._health.reason is None:
                self._tail.wait_for(lambda: self._tail.length <= limit, timeout=self._settings.publish_interval)
            if group:
                self.sequencer.run(group)
            if self.publisher.trimmable > trimmed:
                trimmed = self.publisher.trimmable
                self.sequencer.trim(trimmed)
        self._sequenced.set()
        self._tail.poke()

    def _publish(self) -> None:
        settings = self._settings
        while True:
            self._tail.wait_for(
                lambda: self._sequenced.is_set() or self._tail.length >= settings.publish_entries,
                timeout=settings.publish_interval,
            )
            # Read before publishing: what is journaled when nothing more comes is all there will ever be.
            last = self._sequenced.is_set()
            began = time.perf_counter()
            published = self.publisher.run(settings.publish_entries)
            if published:
                self.measures.published(self.reader.size, time.perf_counter() - began)
                self._pool.wake()  # the journal can be trimmed
            elif last:
                return
            elif self._health.reason is not None:
                self._tail.stop()

    def _scrub(self) -> None:
        while not self._closing.wait(self._settings.scrub_interval):
            self.scrubber.run(self._closing)
