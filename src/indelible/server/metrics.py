"""What the server counts, in plain numbers on the event loop, which costs next to nothing.

How Prometheus sees it is :mod:`indelible.server.exposition`. No label has values that a client can make up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indelible.log.measures import Durations
from indelible.server.exposition import Exposition

if TYPE_CHECKING:
    from indelible.log import Appended
    from indelible.server.body import Budget
    from indelible.server.hosted_logs import HostedLogs
    from indelible.server.readiness import Readiness
    from indelible.server.tls import CertificateFacts

__all__ = ["AppendCount", "Metrics", "RouteCount"]


@dataclass(slots=True)
class RouteCount:
    """Answered requests of one route: by status, and by how long they took."""

    route: str
    statuses: dict[int, int] = field(default_factory=dict)
    durations: Durations = field(default_factory=Durations)

    def add(self, status: int, seconds: float) -> None:
        """Count one more."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.durations.add(seconds)


@dataclass(slots=True)
class AppendCount:
    """What was appended to one log: events, and bytes as sent. ``rejected`` are foreign events not taken."""

    added: int = 0
    duplicates: int = 0
    rejected: int = 0
    bytes: int = 0

    def add(self, appended: Appended, size: int) -> None:
        """Count one append of a body of ``size`` bytes."""
        self.added += appended.added
        self.duplicates += appended.duplicates
        self.bytes += size


class Metrics:
    """Counts what the server does. Used on the event loop only, except for :meth:`expose`."""

    def __init__(self, logs: HostedLogs, budget: Budget, readiness: Readiness) -> None:
        self.certificate: CertificateFacts | None = None
        """The certificate that new connections get, if the server speaks TLS."""
        self.routes: dict[str, RouteCount] = {}
        self.by_log: dict[str, AppendCount] = {}
        self._exposition = Exposition(self, logs, budget, readiness)

    def route(self, name: str) -> RouteCount:
        """The counts of one route. ``name`` is one of a few, never the path that was asked for."""
        count = self.routes.get(name)
        if count is None:
            count = self.routes[name] = RouteCount(name)
        return count

    def appends(self, log: str) -> AppendCount:
        """The counts of what was appended to one log, which must exist."""
        return self.by_log.setdefault(log, AppendCount())

    def expose(self) -> bytes:
        """The text exposition, version 0.0.4."""
        return self._exposition.text()
