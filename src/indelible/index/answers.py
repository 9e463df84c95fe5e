"""What an index answers with. Every answer says what it covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from indelible.merkle import Hash

__all__ = ["Bucket", "Coverage", "Facets", "Found", "Histogram"]


class Coverage(Struct, frozen=True, kw_only=True):
    """Which part of the log was searched.

    Attributes:
        size: Entries that the signed checkpoint covered when the question came.
        root: The root of that checkpoint.
        indexed: Entries that were searched: those of the checkpoint, and the journaled ones beyond it.
        complete: Whether every entry that the checkpoint covers was among them. It is false while the index catches up
            or is being rebuilt.
        unreadable: How many of the entries searched are no records, or could not be read when they were indexed or when
            a text was looked for in them. No question finds those by a value.
    """

    size: int
    root: Hash
    indexed: int
    complete: bool
    unreadable: int


class Found(Struct, frozen=True, kw_only=True):
    """One page of a search.

    Attributes:
        indices: The entries found, in the order asked for.
        next: Continue strictly beyond this index for the next page; ``None`` when there is none.
        coverage: What was searched.
    """

    indices: list[int]
    next: int | None
    coverage: Coverage


class Bucket(Struct, frozen=True, kw_only=True):
    """The entries that occurred in ``[since_us, until_us)``, in microseconds since 1970, counted by outcome."""

    since_us: int
    until_us: int
    counts: dict[str, int]


class Histogram(Struct, frozen=True, kw_only=True):
    """Counts over time: buckets of equal width without gaps, in order; none when nothing matches."""

    buckets: list[Bucket]
    coverage: Coverage


class Facets(Struct, frozen=True, kw_only=True):
    """The values of a field that occur in the most entries.

    Attributes:
        values: Each value and in how many matching entries it occurs, most frequent first, then by value.
        distinct: How many different values there are.
        coverage: What was searched.
    """

    values: list[tuple[str, int]]
    distinct: int
    coverage: Coverage
