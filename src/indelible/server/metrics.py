"""What an engineer on call needs to see, in Prometheus' form.

Requests are counted in plain numbers on the event loop, which costs next to nothing; the exposition is made from them,
and from the state of the logs, only when it is asked for. No label has values that a client can make up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.server.body import Budget
    from indelible.server.hosted_logs import HostedLogs

__all__ = ["Metrics"]

_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Metrics:
    """Counts what the server does. Used on the event loop only, except for :meth:`expose`."""

    def __init__(self, logs: HostedLogs, budget: Budget) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()
        self._appends: Counter[tuple[str, str]] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(_Server(self, logs, budget))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request. ``route`` is one of a few names, never the path that was asked for."""
        self._requests[route, status] += 1
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(_BOUNDS) + 1)
        buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]  # a Counter adds floats as well

    def appended(self, log: str, *, added: int, duplicates: int, size: int) -> None:
        """Count what one append brought to an existing log; ``size`` in bytes, as sent."""
        self._appends[log, "added"] += added
        self._appends[log, "duplicates"] += duplicates
        self._appends[log, "bytes"] += size

    def rejected(self, log: str, count: int) -> None:
        """Count foreign events that were refused while their neighbours were taken."""
        self._appends[log, "rejected"] += count

    def expose(self) -> bytes:
        """The text exposition, version 0.0.4."""
        return generate_latest(self._registry)

    def families(self) -> Iterator[Metric]:
        """What was counted here."""
        requests = CounterMetricFamily("indelible_http_requests", "Requests answered.", labels=["route", "status"])
        for (route, status), count in sorted(self._requests.items()):
            requests.add_metric([route, str(status)], count)
        yield requests
        duration = HistogramMetricFamily(
            "indelible_http_request_duration_seconds", "From the request's headers to its answer.", labels=["route"]
        )
        for route, buckets in sorted(self._buckets.items()):
            total, cumulative = 0, []
            for bound, count in zip([*map(str, _BOUNDS), "+Inf"], buckets, strict=True):
                total += count
                cumulative.append((bound, total))
            duration.add_metric([route], cumulative, self._seconds[route])
        yield duration
        for what, text in (
            ("added", "Events appended."),
            ("duplicates", "Events that had been appended before."),
            ("rejected", "Foreign events refused while their neighbours were taken."),
            ("bytes", "Bytes of accepted append bodies, as sent."),
        ):
            family = CounterMetricFamily(f"indelible_append_{what}", text, labels=["log"])
            for (log, kind), count in sorted(self._appends.items()):
                if kind == what:
                    family.add_metric([log], count)
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
