"""Other formats over HTTP: the good is taken, the bad is named, and the same again adds nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.http.test_bad_input import check_problem

if TYPE_CHECKING:
    import httpx

    from tests.e2e.http.serving import Served

SAMPLES = Path(__file__).parents[3] / "samples"
CLOUDTRAIL = min((SAMPLES / "cloudtrail").glob("*.json"))
CLOUDEVENT = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/orders",
    "type": "com.example.order.created",
    "time": "2026-01-31T08:00:00Z",
    "subject": "order:9",
    "data": {"n": 1},
}


def ingest(
    client: httpx.Client, log: str, form: str, document: Any, media_type: str = "application/json", query: str = ""
) -> httpx.Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return client.post(f"/v1/logs/{log}/ingest/{form}{query}", content=body, headers={"Content-Type": media_type})


def kubernetes_event(number: int) -> dict[str, Any]:
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"00000000-0000-4000-8000-{number:012}",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/default/pods/web",
        "verb": "delete",
        "user": {"username": "ada", "groups": ["system:authenticated"]},
        "sourceIPs": ["192.0.2.1"],
        "objectRef": {"resource": "pods", "namespace": "default", "name": "web", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-01-31T08:00:00.000000Z",
        "stageTimestamp": "2026-01-31T08:00:00.010000Z",
    }


def test_ingest_cloudtrail_file_twice(writer: httpx.Client, served: Served, log: str) -> None:
    """A file as AWS delivers it, compressed: every record is taken; the second time none is added."""
    data = CLOUDTRAIL.read_bytes()
    count = len(json.loads(data)["Records"])
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    path = f"/v1/logs/{log}/ingest/cloudtrail"
    first = writer.post(path, content=gzip.compress(data), headers=headers)
    assert first.status_code == 201
    document = first.json()
    assert (document["first_index"], document["added"], document["rejected"]) == (0, count, [])
    assert [event["index"] for event in document["events"]] == list(range(count))
    again = writer.post(path, content=data, headers={"Content-Type": "application/json"})
    assert again.status_code == 200
    assert (again.json()["added"], again.json()["duplicates"], again.json()["first_index"]) == (0, count, None)
    assert served.journaled(log) == count


@pytest.mark.parametrize("stream", [False, True])
def test_ingest_kubernetes_list_and_lines(writer: httpx.Client, log: str, stream: bool) -> None:
    """An EventList as a webhook sends it, or the lines of an audit log file."""
    events = [kubernetes_event(number) for number in range(5)]
    if stream:
        body = b"\n".join(json.dumps(event).encode() for event in events)
        answer = ingest(writer, log, "kubernetes", body, "application/x-ndjson")
    else:
        document = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": events}
        answer = ingest(writer, log, "kubernetes", document)
    assert (answer.status_code, answer.json()["added"]) == (201, 5)


def test_ingest_cloudevents_one_and_batch(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Structured mode, one or a batch; source and id make a duplicate."""
    one = ingest(writer, log, "cloudevents", CLOUDEVENT, "application/cloudevents+json; charset=UTF-8")
    assert (one.status_code, one.json()["added"]) == (201, 1)
    assert reader.get(f"/v1/logs/{log}/events/0").json()["action"] == "com.example.order.created"
    batch = [CLOUDEVENT, {**CLOUDEVENT, "id": "A-2"}]
    both = ingest(writer, log, "cloudevents", batch, "application/cloudevents-batch+json")
    assert (both.json()["added"], both.json()["duplicates"]) == (1, 1)


def test_ingest_takes_the_good_and_names_the_bad(writer: httpx.Client, served: Served, log: str) -> None:
    """A poison event costs none of its neighbours; each is named with a pointer and a reason."""
    bad: dict[str, Any] = {"kind": "Event", "apiVersion": "audit.k8s.io/v1"}
    items = [kubernetes_event(0), bad, kubernetes_event(1), "x"]
    document = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items}
    answer = ingest(writer, log, "kubernetes", document)
    assert answer.status_code == 201
    result = answer.json()
    assert (result["added"], result["rejected_count"]) == (2, 2)
    assert [rejected["record"] for rejected in result["rejected"]] == ["/items/1", "/items/3"]
    assert all(rejected["detail"] for rejected in result["rejected"])
    assert served.journaled(log) == 2


def test_ingest_rejects_what_contradicts_the_log(writer: httpx.Client, served: Served, log: str) -> None:
    """The same foreign id with another document, in the log or in the batch: rejected alone, with the first index."""
    assert ingest(writer, log, "cloudevents", CLOUDEVENT, "application/cloudevents+json").status_code == 201
    batch = [
        {**CLOUDEVENT, "id": "B-1"},
        {**CLOUDEVENT, "data": {"n": 2}},
        {**CLOUDEVENT, "id": "B-2"},
        {**CLOUDEVENT, "id": "B-2", "data": {"n": 2}},
        CLOUDEVENT,
    ]
    answer = ingest(writer, log, "cloudevents", batch, "application/cloudevents-batch+json")
    assert answer.status_code == 201
    result = answer.json()
    assert (result["added"], result["duplicates"], result["rejected_count"]) == (2, 1, 2)
    assert [rejected["record"] for rejected in result["rejected"]] == ["/1", "/3"]
    assert "index 0" in result["rejected"][0]["detail"]
    assert served.journaled(log) == 3


def test_ingest_waits_and_answers_like_an_append(writer: httpx.Client, log: str) -> None:
    """The same query parameters, the same meaning."""
    query = "?wait=published&return=full"
    full = ingest(writer, log, "cloudevents", CLOUDEVENT, "application/cloudevents+json", query)
    assert full.json()["events"][0]["proof"].startswith("c2sp.org/tlog-proof@v1\n")
    minimal = ingest(writer, log, "cloudevents", CLOUDEVENT, "application/cloudevents+json", "?return=minimal")
    assert "events" not in minimal.json()


@pytest.mark.parametrize(
    ("form", "body", "media_type", "status"),
    [
        ("cloudtrail", b"not JSON", "application/json", 400),
        ("cloudtrail", b'{"Records": 5}', "application/json", 400),
        ("cloudtrail", b"[]", "application/json", 400),
        ("kubernetes", b"\xff", "application/x-ndjson", 400),
        ("cloudtrail", b'{"Records": []}', "application/x-ndjson", 415),
        ("cloudevents", b"{}", "application/json", 415),
        ("syslog", b"{}", "application/json", 404),
        ("", b"{}", "application/json", 404),
    ],
)
def test_ingest_refuses_whole_documents(
    writer: httpx.Client, served: Served, empty: str, form: str, body: bytes, media_type: str, status: int
) -> None:
    """Not the format, not a media type of it, or no such format; nothing is written."""
    check_problem(ingest(writer, empty, form, body, media_type), status)
    assert served.journaled(empty) == 0


def test_ingest_needs_a_writer(reader: httpx.Client, stranger: httpx.Client, empty: str) -> None:
    """As appending does."""
    check_problem(ingest(reader, empty, "cloudtrail", b'{"Records": []}'), 403)
    check_problem(ingest(stranger, empty, "cloudtrail", b'{"Records": []}'), 401)
