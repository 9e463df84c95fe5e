"""What an engineer on call needs to see, in Prometheus' form.

Requests are counted in plain numbers on the event loop, which costs next to nothing; the exposition is made from them,
and from the state of the logs, only when it is asked for. No label has values that a client can make up.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.log import Appended
    from indelible.server.body import Budget
    from indelible.server.hosted_logs import HostedLogs
    from indelible.server.tls import CertificateFacts

__all__ = ["AppendCount", "Metrics", "RouteCount"]

_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


@dataclass(slots=True)
class RouteCount:
    """Answered requests of one route: by status, and by how long they took in seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Count one more."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(_BOUNDS, seconds)] += 1
        self.seconds += seconds


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

    certificate: CertificateFacts | None
    """The certificate that new connections get, if the server speaks TLS."""

    def __init__(self, logs: HostedLogs, budget: Budget) -> None:
        self.certificate = None
        self._routes: dict[str, RouteCount] = {}
        self._appends: dict[str, AppendCount] = {}
        self._registry = CollectorRegistry()
        self._registry.register(_Server(self, logs, budget))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def route(self, name: str) -> RouteCount:
        """The counts of one route. ``name`` is one of a few, never the path that was asked for."""
        return self._routes.setdefault(name, RouteCount())

    def appends(self, log: str) -> AppendCount:
        """The counts of what was appended to one log, which must exist."""
        return self._appends.setdefault(log, AppendCount())

    def expose(self) -> bytes:
        """The text exposition, version 0.0.4."""
        return generate_latest(self._registry)

    def families(self) -> Iterator[Metric]:
        """What was counted here."""
        requests = CounterMetricFamily("indelible_http_requests", "Requests answered.", labels=["route", "status"])
        duration = HistogramMetricFamily(
            "indelible_http_request_duration_seconds", "From the request's headers to its answer.", labels=["route"]
        )
        for route, count in sorted(self._routes.items()):
            for status, number in sorted(count.statuses.items()):
                requests.add_metric([route, str(status)], number)
            buckets = zip([*map(str, _BOUNDS), "+Inf"], accumulate(count.buckets), strict=True)
            duration.add_metric([route], list(buckets), count.seconds)
        yield requests
        yield duration
        for what, text in (
            ("added", "Events appended."),
            ("duplicates", "Events that had been appended before."),
            ("rejected", "Foreign events refused while their neighbours were taken."),
            ("bytes", "Bytes of accepted append bodies, as sent."),
        ):
            family = CounterMetricFamily(f"indelible_append_{what}", text, labels=["log"])
            for log, appends in sorted(self._appends.items()):
                family.add_metric([log], getattr(appends, what))
            yield family


class _Server(Collector):
    """Reads the numbers when Prometheus asks."""

    def __init__(self, metrics: Metrics, logs: HostedLogs, budget: Budget) -> None:
        self._metrics = metrics
        self._logs = logs
        self._budget = budget

    def collect(self) -> Iterator[Metric]:  # type: ignore[explicit-override]  # typing.override is of 3.12
        yield from self._metrics.families()
        in_flight = GaugeMetricFamily("indelible_body_bytes_in_flight", "Bytes of request bodies in hand.")
        in_flight.add_metric([], self._budget.used)
        yield in_flight
        if (certificate := self._metrics.certificate) is not None:
            expiry = GaugeMetricFamily(
                "indelible_tls_certificate_expiry_timestamp_seconds", "When the server's certificate expires."
            )
            expiry.add_metric([], certificate.not_after.timestamp())
            yield expiry
        statuses = [(hosted.name, hosted.log.status) for hosted in self._logs.all()]
        for name, text, read in (
            ("size", "Entries that the published checkpoint covers.", lambda s: s.size),
            ("journaled", "Entries that are durable, published or not.", lambda s: s.journaled),
            ("pool_entries", "Events waiting to be written.", lambda s: s.pool_entries),
            ("pool_bytes", "Bytes of events waiting to be written.", lambda s: s.pool_bytes),
            ("checkpoint_age_seconds", "Since the checkpoint was signed.", lambda s: s.checkpoint_age),
            ("read_only", "1 when the log takes no appends.", lambda s: s.read_only is not None),
        ):
            family = GaugeMetricFamily(f"indelible_log_{name}", text, labels=["log"])
            for log, status in statuses:
                family.add_metric([log], float(read(status)))
            yield family
