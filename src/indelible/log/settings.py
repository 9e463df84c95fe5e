"""The limits and intervals of one log. Each field states its unit; the defaults suit one machine with an SSD."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LogSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How one log trades memory, latency and work.

    Attributes:
        publish_interval: Seconds between two checkpoints while entries arrive.
        publish_entries: Publish sooner than that once so many entries wait: it bounds the memory they take.
        resign_interval: Seconds after which an idle log signs its head again, so that its timestamp stays recent.
        pool_entries: Entries that may wait to be sequenced before appends are refused with ``Overloaded``.
        pool_bytes: Bytes that may wait to be sequenced, likewise.
        group_entries: Entries that are sequenced and written together at most, unless one request holds more.
        unpublished_entries: Entries that may be journaled but unpublished before the sequencer waits for the publisher.
        scrub_interval: Seconds between two scrubs of the stored log, each of which reads all of it.
        scrub_rate: Entries a second that a scrub reads at most.
        clock_tolerance: Seconds by which the clock may lag or leap between two groups before it is reported.
    """

    publish_interval: float = 0.2
    publish_entries: int = 16_384
    resign_interval: float = 3_600.0
    pool_entries: int = 100_000
    pool_bytes: int = 64 << 20
    group_entries: int = 8_192
    unpublished_entries: int = 65_536
    scrub_interval: float = 86_400.0
    scrub_rate: int = 10_000
    clock_tolerance: float = 1.0
