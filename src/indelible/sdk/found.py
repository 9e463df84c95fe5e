"""What searching a log answers, the same for a directory and for a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indelible.sdk.answers import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Bucket", "Coverage", "Facets", "FoundEntry", "Histogram"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which part of the log was searched.

    Attributes:
        size: How many entries the signed checkpoint covers that the log had then.
        root: The root of their tree, in lower-case hex.
        indexed: How many entries were searched, from the first on; those beyond ``size`` are durable and not yet
            covered by a checkpoint.
        complete: Whether every entry under the checkpoint was among them.
        unreadable: How many of the entries searched are no records, or cannot be read. No question finds those by a
            value; ``indelible verify`` says more.
    """

    size: int
    root: str
    indexed: int
    complete: bool
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntry(Entry):
    """One entry that matches.

    Attributes:
        proof: Its inclusion proof and signed checkpoint, as a ``c2sp.org/tlog-proof@v1`` text, when proofs were asked
            for and a checkpoint covers it. Nothing has checked it.
    """

    proof: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How many entries occurred in ``[start, end)``, by outcome."""

    start: datetime
    end: datetime
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many, whatever their outcome."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts over time.

    Attributes:
        buckets: Spans of equal length without gaps, in order; none when nothing matches.
        coverage: What was searched.
    """

    buckets: tuple[Bucket, ...]
    coverage: Coverage

    @property
    def total(self) -> int:
        """How many entries match."""
        return sum(bucket.total for bucket in self.buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The values of a field that most of the matching entries have.

    Attributes:
        field: The field's name.
        values: Each value, and how many entries have it, the most frequent first.
        distinct: How many different values there are.
        total: How many entries match.
        coverage: What was searched.
    """

    field: str
    values: tuple[tuple[str, int], ...]
    distinct: int
    total: int
    coverage: Coverage
