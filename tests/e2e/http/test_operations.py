"""Health, metrics, pages, headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem

if TYPE_CHECKING:
    import httpx

    from tests.e2e.http.serving import Served

PAGES = ("/", "/docs")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_open(stranger: httpx.Client, path: str) -> None:
    """A load balancer has no key."""
    answer = stranger.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_metrics_count_what_happened(served: Served, writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Requests by route and status, events by log, and the state of each log; no label that a client made up."""
    writer.post(f"/v1/logs/{log}/events?wait=published", json=[EVENT, EVENT])
    writer.post(f"/v1/logs/{log}/events", content=b"x", headers={"Content-Type": "application/json"})
    reader.get(f"/v1/logs/{log}/events/0")
    reader.get("/made/up/by/a/client")
    answer = reader.get("/metrics")
    assert answer.status_code == 200
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    of_log = (("log", log),)
    assert samples["indelible_append_added_total", of_log] == 2
    assert samples["indelible_log_size", of_log] == 2
    assert samples["indelible_log_journaled", of_log] == 2
    assert samples["indelible_log_read_only", of_log] == 0
    assert samples["indelible_http_requests_total", (("route", "append"), ("status", "400"))] >= 1
    assert samples["indelible_http_requests_total", (("route", "none"), ("status", "404"))] >= 1
    assert samples["indelible_http_request_duration_seconds_count", (("route", "append"),)] >= 2
    assert samples["indelible_body_bytes_in_flight", ()] == 0
    assert "made/up" not in answer.text


def test_metrics_need_a_key_unless_configured(stranger: httpx.Client, writer: httpx.Client) -> None:
    """They name the logs."""
    check_problem(stranger.get("/metrics"), 401)
    check_problem(writer.get("/metrics"), 403)


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere(stranger: httpx.Client, path: str) -> None:
    """A strict policy without scripts or inline styles, and everything that a page refers to is served here."""
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    for reference in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
        if reference.startswith("#"):
            assert f'id="{reference[1:]}"' in answer.text
        else:
            assert reference.startswith("/")
            assert stranger.get(reference).status_code == 200


def test_start_page_gives_commands_for_this_address(stranger: httpx.Client, served: Served) -> None:
    """They work as pasted; a host of a strange form is not repeated."""
    assert f"INDELIBLE_URL={served.url}\n" in stranger.get("/").text
    strange = stranger.get("/", headers={"Host": "x.example/<b>&"})
    assert "<b>&" not in strange.text


def test_docs_show_every_operation(stranger: httpx.Client) -> None:
    """What the OpenAPI document has, the page shows."""
    document = stranger.get("/openapi.json").json()
    page = stranger.get("/docs").text
    for path, methods in document["paths"].items():
        assert path in page
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/logs", "/nowhere", "/logs/x/checkpoint"])
def test_every_answer_has_its_headers(stranger: httpx.Client, path: str) -> None:
    """Nothing is sniffed, framed, cached or told to other sites by accident."""
    headers = stranger.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]


def test_options_tells_the_methods(stranger: httpx.Client) -> None:
    """And nothing about other origins: there is no cross-origin access to data."""
    answer = stranger.options("/v1/logs")
    assert answer.status_code == 204
    assert "access-control-allow-origin" not in answer.headers
