"""How much a run of the benchmarks measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

__all__ = ["DEFAULT", "EVENTS_PER_REQUEST", "HUGE", "LONG", "QUICK", "Scale"]

EVENTS_PER_REQUEST: Final = 1_000

_SEARCHED: Final = 16 * 65_536  # a million, in whole segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The counts of one run. Requests are those of one measurement; each is taken ``pairs`` times.

    Attributes:
        pairs: Interleaved pairs of ceiling and value.
        bandwidth_mebibytes: Written to learn the disk's durable bandwidth.
        ingest_requests: Requests of 1,000 events.
        single_requests: Requests of one event on 64 connections.
        sequential_requests: Requests of one event, one after another.
        published_seconds: Seconds of steady load while publication is timed.
        warm_up_requests: Requests of 1,000 events before memory is measured.
        memory_requests: Requests of 1,000 events whose memory is measured.
        milestones: Entries of a log at which its growth is measured, ascending; those up to ``archive`` make the
            directory that is verified and proven from.
        archive: The size at which verification, proofs and disk are measured; one of the milestones.
        window_requests: Requests of 1,000 events over which ingest is measured at a milestone.
        duplicate_requests: Requests of 1,000 duplicates at a milestone.
        proofs: Proofs timed for one median.
        pymerkle_entries: Entries of the tree that proofs are compared with.
        pymerkle_proofs: Its proofs timed for one median; they are slow.
        search_milestones: Entries of a log at which search is measured, ascending; multiples of ``segment_entries``.
        segment_entries: Entries of a segment of its index.
        sqlite_entries: The one of these sizes at which SQLite is compared with.
        postgresql_entries: The one at which PostgreSQL is.
        ask_seconds: Time for which a question is asked again to take one median.
        export_entries: Events of one export, of a log as large as the first of ``search_milestones``.
        paced_requests: Requests of 1,000 events over which the lag of the index is measured.
    """

    pairs: int = 5
    bandwidth_mebibytes: int = 256
    ingest_requests: int = 200
    single_requests: int = 20_000
    sequential_requests: int = 400
    published_seconds: float = 20.0
    warm_up_requests: int = 100
    memory_requests: int = 1_000
    milestones: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    archive: int = 1_000_000
    window_requests: int = 20
    duplicate_requests: int = 10
    proofs: int = 500
    pymerkle_entries: int = 200_000
    pymerkle_proofs: int = 11
    search_milestones: tuple[int, ...] = (_SEARCHED,)
    segment_entries: int = 65_536
    sqlite_entries: int = _SEARCHED
    postgresql_entries: int = _SEARCHED
    ask_seconds: float = 0.2
    export_entries: int = 1_000_000
    paced_requests: int = 500


DEFAULT: Final = Scale()
LONG: Final = Scale(
    milestones=(10_000, 100_000, 1_000_000, 10_000_000),
    search_milestones=(_SEARCHED, 10 * _SEARCHED),
    sqlite_entries=10 * _SEARCHED,
)
HUGE: Final = replace(LONG, search_milestones=(_SEARCHED, 10 * _SEARCHED, 50 * _SEARCHED))
QUICK: Final = Scale(
    pairs=2,
    bandwidth_mebibytes=2,
    ingest_requests=4,
    single_requests=200,
    sequential_requests=10,
    published_seconds=1.0,
    warm_up_requests=2,
    memory_requests=4,
    milestones=(1_000, 4_000),
    archive=4_000,
    window_requests=2,
    duplicate_requests=1,
    proofs=10,
    pymerkle_entries=2_000,
    pymerkle_proofs=3,
    search_milestones=(4_096, 8_192),
    segment_entries=1_024,
    sqlite_entries=8_192,
    postgresql_entries=8_192,
    ask_seconds=0.0,
    export_entries=4_000,
    paced_requests=8,
)
