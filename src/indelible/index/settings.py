"""The limits and intervals of one log's index. Each field states its unit; the defaults suit one machine."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IndexSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """How one index trades memory, latency and work.

    Attributes:
        segment_entries: Entries of a segment. Segments of another size are outdated: they are deleted and built again.
        interval: Seconds for which the tailer lets entries gather before it takes them in together.
        retry_interval: Seconds after which it tries again what failed, for want of space say.
        unsealed_segments: Full blocks that may wait in memory until they are published or until there is space;
            beyond that the index lags behind instead.
        threads: Threads of the database; ``None`` for as many as there are processors.
        memory: Bytes that the database may use, hot tail and queries together.
    """

    segment_entries: int = 65_536
    interval: float = 0.1
    retry_interval: float = 5.0
    unsealed_segments: int = 4
    threads: int | None = None
    memory: int = 2 << 30
