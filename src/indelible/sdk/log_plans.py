"""What ``embedded`` and ``client`` each provide, and the objects of this room offer to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.sdk.answers import Entry, LogDescription, Proof, Recorded, SignedCheckpoint
    from indelible.sdk.feed import Feed, SearchFeed
    from indelible.sdk.found import Facets, FoundEntry, Histogram
    from indelible.sdk.plan import Plan
    from indelible.sdk.question import ExportFormat, Question
    from indelible.trust.pins import Pins
    from indelible.verify.verdicts import Report

__all__ = ["LogPlans"]


class LogPlans(Protocol):
    """How one kind of log carries out what the object offers: one plan for each ability."""

    @property
    def name(self) -> str:
        """The log's name in its directory or on its server."""
        ...

    @property
    def pins(self) -> Pins:
        """What this user remembers of logs."""
        ...

    def describe(self) -> Plan[LogDescription]:
        """What the log says about itself; any role may ask."""
        ...

    def append(self, events: Sequence[bytes], *, alone: bool = False) -> Plan[list[Recorded]]:
        """Append events, each one line of JSON, all or none; they are durable when this ends.

        ``alone`` says that there is one, and that the pointers of errors need not begin with its position.
        """
        ...

    def wait_published(self, size: int, timeout: float | None) -> Plan[None]:
        """Wait until a signed checkpoint covers ``size`` entries."""
        ...

    def get(self, which: int | str) -> Plan[Entry]:
        """The entry with this index or id."""
        ...

    def prove(self, which: int | str) -> Plan[Proof]:
        """An entry with its proof."""
        ...

    def checkpoint(self) -> Plan[SignedCheckpoint]:
        """The latest signed checkpoint."""
        ...

    def verify(self, *, quick: bool) -> Plan[Report]:
        """Check the whole log."""
        ...

    def search(self, question: Question) -> SearchFeed:
        """The entries that match, page by page."""
        ...

    def histogram(self, question: Question, buckets: int) -> Plan[Histogram]:
        """How many match over time, in so many spans."""
        ...

    def facets(self, question: Question, field: str, limit: int) -> Plan[Facets]:
        """The most frequent values of a field among those that match."""
        ...

    def tail(self, query: str, after: int | None) -> Feed[FoundEntry]:
        """What matches beyond the index ``after``, by default beyond the present end of the log, as it is recorded."""
        ...

    def export(self, question: Question, form: ExportFormat) -> Feed[bytes]:
        """The entries that match in a format, piece by piece."""
        ...
