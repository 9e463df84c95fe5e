"""What someone on call sees: readiness with its reasons, metrics, request logs, traces."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentelemetry.trace
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from indelible.config import Configuration, LoggingSettings, ReadinessSettings, TelemetrySettings
from indelible.server.readiness import Check
from tests.e2e.http.serving import serving
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.http.serving import Served

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "monitoring.md"


def families(client: httpx.Client) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}


def test_metrics_measure_what_is_durable(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Journal writes, publications, disk, and that the server is ready, check by check."""
    writer.post(f"/v1/logs/{log}/events?wait=published", json=EVENT)
    found = families(reader)
    for name in ("journal_write", "publication"):
        samples = found[f"indelible_log_{name}_seconds"].samples
        (count,) = [each.value for each in samples if each.name.endswith("_count") and each.labels["log"] == log]
        assert count == 1
    assert found["indelible_disk_free_bytes"].samples[0].value <= found["indelible_disk_size_bytes"].samples[0].value
    ready = {sample.labels["check"]: sample.value for sample in found["indelible_ready"].samples}
    assert ready == {"appends": 1, "publication": 1, "index": 1, "disk": 1}


def test_monitoring_page_explains_every_metric(served: Served, reader: httpx.Client) -> None:
    """What is exposed is documented, what is documented is exposed; so is what the alerts ask for."""
    exposed = {name for name in families(reader) if name.startswith("indelible_")}
    conditional = {
        "indelible_tls_certificate_expiry_timestamp_seconds",
        "indelible_log_scrub_findings",
        "indelible_log_scrubbed_timestamp_seconds",
    }
    documented = set(re.findall(r"^\| `(indelible_\w+)", PAGE.read_text("utf-8"), re.MULTILINE))
    assert {re.sub("_total$", "", name) for name in documented} == exposed | conditional
    alerts = (ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text("utf-8")
    asked = set(re.findall(r"indelible_\w+", re.sub(r"(?m)^\s*(- )?(alert|group|name):.*$", "", alerts)))
    assert asked
    suffixes = re.compile("_(total|bucket|count|sum)$")
    assert {suffixes.sub("", name) for name in asked} <= exposed | conditional


@pytest.fixture
def unready(tmp_path: Path) -> Iterator[Served]:
    readiness = ReadinessSettings(min_free_disk=1 << 49)
    with serving(tmp_path, configuration=Configuration(readiness=readiness)) as served:
        yield served


def test_readyz_says_why_not(unready: Served) -> None:
    """Every reason at once, in words, without the names of logs; alive all the same."""
    unready.app.readiness.add(Check("forwarding", lambda: "a destination is behind by 7"))
    with unready.client(None) as client:
        problem = check_problem(client.get("/readyz"), 503)
        assert re.search(r"bytes are free on the disk; at least .*; a destination is behind by 7", problem["detail"])
        assert client.get("/readyz").headers["retry-after"]
        assert client.get("/healthz").status_code == 200
        unready.logs.get("main").writable._health.fail(OSError("disk on fire"))
        detail = check_problem(client.get("/readyz"), 503)["detail"]
    assert "1 of 2 logs takes no appends" in detail
    assert "main" not in detail
    assert "fire" not in detail


def test_request_log_names_the_route_and_no_secret(tmp_path: Path) -> None:
    """One line a request when wanted, with the id that the answer bears, and nothing that was sent."""
    configuration = Configuration(logging=LoggingSettings(requests=True))
    with (
        structlog.testing.capture_logs() as lines,
        serving(tmp_path, configuration=configuration) as served,
        served.client("admin") as client,
    ):
        appended = client.post("/v1/logs/main/events", json={**EVENT, "reason": "private-matter"})
        client.get("/v1/logs/main?secret-query=1")
        client.get("/no/such/secret-path")
    requests = [line for line in lines if line["event"] == "request"]
    assert requests[0]["request_id"] != requests[1]["request_id"]
    assert appended.headers["x-request-id"] in {line["request_id"] for line in requests}
    assert {(line["method"], line["route"], line["status"]) for line in requests} >= {
        ("POST", "append", 201),
        ("GET", "none", 404),
    }
    assert all(line["client"] == "127.0.0.1" for line in requests)
    assert not re.search(f"private-matter|secret|{served.secrets['admin']}", json.dumps(lines, default=str))


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the global tracer provider is given while the test runs."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(opentelemetry.trace, "get_tracer", provider.get_tracer)
    return exporter


def test_traces_follow_a_request_and_its_publication(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    """A span around each request, the caller's child, and one for each checkpoint; nothing of what was recorded."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    configuration = Configuration(telemetry=TelemetrySettings(traces=True))
    with serving(tmp_path, configuration=configuration) as served, served.client("admin") as client:
        event = {**EVENT, "reason": "private-matter"}
        client.post("/v1/logs/main/events?wait=published", json=event, headers={"traceparent": parent})
        client.get("/v1/logs/private-name/events/0")
    found = {span.name: span for span in spans.get_finished_spans()}
    request = found["POST append"]
    assert request.attributes is not None
    assert request.context is not None
    assert request.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert request.attributes["http.response.status_code"] == 201
    published = [span.attributes for span in spans.get_finished_spans() if span.name == "publish"]
    assert {"indelible.log": "main", "indelible.size": 1} in published
    assert any(name.startswith("GET /v1/logs/{") for name in found)
    assert "private" not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_traces_are_off_by_default(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    """A configured provider alone gets nothing."""
    with serving(tmp_path) as served, served.client("admin") as client:
        assert client.post("/v1/logs/main/events?wait=published", json=EVENT).status_code == 201
    assert spans.get_finished_spans() == ()
