"""What an engineer on call needs to see, in Prometheus' form.

Made from plain counters and from the state of the logs only when it is asked for. The names are an interface:
``docs/how-to/monitoring.md`` says which question each answers, and a test holds the page to this module.
"""

from __future__ import annotations

import shutil
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

import indelible
from indelible.log import Log
from indelible.log.measures import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indelible.log.measures import Durations
    from indelible.server.body import Budget
    from indelible.server.hosted_logs import HostedLog, HostedLogs
    from indelible.server.metrics import Metrics
    from indelible.server.readiness import Readiness

__all__ = ["Exposition"]

_APPENDS = (
    ("added", "Events appended."),
    ("duplicates", "Events that had been appended before."),
    ("rejected", "Foreign events refused while their neighbours were taken."),
    ("bytes", "Bytes of accepted append bodies, as sent."),
)
_STATES = {
    "size": "Entries that the published checkpoint covers.",
    "journaled": "Entries that are durable, published or not.",
    "pool_entries": "Events waiting to be written.",
    "pool_bytes": "Bytes of events waiting to be written.",
    "checkpoint_age": "Since the checkpoint was signed.",
    "scrub_findings": "What the last scrub found wrong; absent before the first.",
    "scrubbed_at": "When the last scrub ended; absent before the first.",
}
_NAMES = {"checkpoint_age": "checkpoint_age_seconds", "scrubbed_at": "scrubbed_timestamp_seconds"}


class Exposition(Collector):
    """Reads the numbers when Prometheus asks."""

    def __init__(self, metrics: Metrics, logs: HostedLogs, budget: Budget, readiness: Readiness) -> None:
        self._metrics = metrics
        self._logs = logs
        self._budget = budget
        self._readiness = readiness
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """The text exposition, version 0.0.4."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not look at the logs before anybody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:  # type: ignore[explicit-override]  # typing.override is of 3.12
        """Every family, with the values of now."""
        yield from self._requests()
        yield from self._appends()
        yield from self._server()
        logs = self._logs.all()
        yield from _states(logs)
        yield _index_lags(logs)
        yield from _durations(logs)

    def _requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("indelible_http_requests", "Requests answered.", labels=["route", "status"])
        duration = HistogramMetricFamily(
            "indelible_http_request_duration_seconds", "From the request's headers to its answer.", labels=["route"]
        )
        for route, count in sorted(self._metrics.routes.items()):
            for status, number in sorted(count.statuses.items()):
                requests.add_metric([route, str(status)], number)
            _add(duration, route, count.durations)
        yield requests
        yield duration

    def _appends(self) -> Iterator[Metric]:
        for what, text in _APPENDS:
            family = CounterMetricFamily(f"indelible_append_{what}", text, labels=["log"])
            for log, appends in sorted(self._metrics.by_log.items()):
                family.add_metric([log], getattr(appends, what))
            yield family

    def _server(self) -> Iterator[Metric]:
        yield _gauges("build_info", "1; which version runs.", "version", {indelible.__version__: 1})
        yield _gauge("body_bytes_in_flight", "Bytes of request bodies in hand.", self._budget.used)
        disk = shutil.disk_usage(self._logs.path)
        yield _gauge("disk_free_bytes", "Free space on the data directory's file system.", disk.free)
        yield _gauge("disk_size_bytes", "The size of that file system.", disk.total)
        answers = self._readiness.answers()
        ready = {check: float(reason is None) for check, reason in answers.items()}
        yield _gauges("ready", "1 when this check of /readyz says yes.", "check", ready)
        if (certificate := self._metrics.certificate) is not None:
            expiry = certificate.not_after.timestamp()
            yield _gauge("tls_certificate_expiry_timestamp_seconds", "When the server's certificate expires.", expiry)


def _states(logs: Iterable[HostedLog]) -> Iterator[Metric]:
    statuses = [(hosted.name, hosted.log.status) for hosted in logs]
    # One that is only read on purpose has not stopped.
    stopped = {each.name: float(isinstance(each.log, Log) and each.log.status.read_only is not None) for each in logs}
    yield _gauges("log_read_only", "1 when the log has stopped taking appends.", "log", stopped)
    for name, text in _STATES.items():
        values = {log: float(value) for log, status in statuses if (value := getattr(status, name)) is not None}
        yield _gauges(f"log_{_NAMES.get(name, name)}", text, "log", values)


def _index_lags(logs: Iterable[HostedLog]) -> Metric:
    lags = {hosted.name: float(hosted.index_lag) for hosted in logs}
    return _gauges("log_index_lag", "Acknowledged entries that cannot be found by searching yet.", "log", lags)


def _durations(logs: Iterable[HostedLog]) -> Iterator[Metric]:
    writes = HistogramMetricFamily(
        "indelible_log_journal_write_seconds", "Writing and syncing one group of appends.", labels=["log"]
    )
    publications = HistogramMetricFamily(
        "indelible_log_publication_seconds", "Making one checkpoint, objects and signatures included.", labels=["log"]
    )
    for hosted in logs:
        _add(writes, hosted.name, hosted.log.measures.journal_writes)
        _add(publications, hosted.name, hosted.log.measures.publications)
    yield writes
    yield publications


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(f"indelible_{name}", text)
    family.add_metric([], value)
    return family


def _gauges(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"indelible_{name}", text, labels=[label])
    for of, value in sorted(values.items()):
        family.add_metric([of], value)
    return family


def _add(family: HistogramMetricFamily, label: str, durations: Durations) -> None:
    buckets = zip([*map(str, BOUNDS), "+Inf"], accumulate(durations.buckets), strict=True)
    family.add_metric([label], list(buckets), durations.seconds)
