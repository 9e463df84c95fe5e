"""How long a log's durable acts take, counted where they happen; and who wants to know of each publication."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from indelible.storage.protocols import Journal

__all__ = ["BOUNDS", "Durations", "MeasuredJournal", "Measures", "Publication"]

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets, in seconds."""


@dataclass(slots=True)
class Durations:
    """A histogram of durations in seconds. One thread adds; others may look at any time."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Publication(NamedTuple):
    """A checkpoint that now covers more: its size, and when it was made, in nanoseconds since the epoch."""

    size: int
    began: int
    ended: int


@dataclass(slots=True)
class Measures:
    """What one running log measures.

    Attributes:
        journal_writes: Writing a group and syncing it: nothing is acknowledged sooner.
        publications: Making a checkpoint: objects written, read back and computed again, state swapped, signed.
        on_publication: Called on the publisher's thread after each publication; must not block or raise.
    """

    journal_writes: Durations = field(default_factory=Durations)
    publications: Durations = field(default_factory=Durations)
    on_publication: Callable[[Publication], None] | None = None

    def published(self, size: int, seconds: float) -> None:
        """Count a publication that has just ended after ``seconds``."""
        self.publications.add(seconds)
        if self.on_publication is not None:
            now = time.time_ns()
            self.on_publication(Publication(size=size, began=now - round(seconds * 1e9), ended=now))


class MeasuredJournal:
    """A journal whose writes are timed. See :class:`indelible.storage.protocols.Journal`."""

    def __init__(self, journal: Journal, durations: Durations) -> None:
        self._journal = journal
        self._durations = durations
        self.replay: Callable[[int], Iterator[tuple[int, bytes]]] = journal.replay
        self.trim: Callable[[int], None] = journal.trim
        self.close: Callable[[], None] = journal.close

    @property
    def start(self) -> int:
        """See the protocol."""
        return self._journal.start

    @property
    def end(self) -> int:
        """See the protocol."""
        return self._journal.end

    def append(self, first_index: int, entries: Sequence[bytes]) -> None:
        """See the protocol."""
        began = time.perf_counter()
        self._journal.append(first_index, entries)
        self._durations.add(time.perf_counter() - began)
