"""Appending over HTTP: one event, several, a stream; twice; waiting for the checkpoint."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.merkle import leaf_hash

if TYPE_CHECKING:
    import httpx

    from tests.e2e.http.serving import Served

EVENT = {"action": "invoice.approve", "actor": {"type": "user", "id": "ada"}}
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def events(count: int) -> list[dict[str, Any]]:
    return [{**EVENT, "metadata": {"n": number}} for number in range(count)]


def ndjson(items: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def post(
    client: httpx.Client, log: str, body: bytes, media_type: str = "application/json", query: str = ""
) -> httpx.Response:
    return client.post(f"/v1/logs/{log}/events{query}", content=body, headers={"Content-Type": media_type})


def test_append_one_event(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """A JSON object: 201, and the record is there with what the server set."""
    answer = writer.post(f"/v1/logs/{log}/events", json=EVENT)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    (event,) = document["events"]
    assert document == {"log": log, "first_index": 0, "added": 1, "duplicates": 0, "events": [event]}
    assert event["index"] == 0
    assert event["duplicate"] is False
    record = reader.get(f"/v1/logs/{log}/events/0").json()
    assert record["id"] == event["id"]
    assert record["leaf_hash"] == event["leaf_hash"]
    assert record["action"] == EVENT["action"]
    assert record["actor"] == EVENT["actor"]
    assert record["principal"].startswith("api-key:")


@pytest.mark.parametrize("count", [1, 2, 1_000])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_append_several_events(
    writer: httpx.Client, log: str, served: Served, count: int, compressed: bool, media_type: str
) -> None:
    """An array or a stream, compressed or not: consecutive indices in the order in which they were sent."""
    items = events(count)
    body = ndjson(items) if media_type.endswith("ndjson") else json.dumps(items).encode()
    headers = {"Content-Type": media_type}
    if compressed:
        body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
    answer = writer.post(f"/v1/logs/{log}/events", content=body, headers=headers)
    assert answer.status_code == 201
    document = answer.json()
    assert (document["first_index"], document["added"], document["duplicates"]) == (0, count, 0)
    assert [event["index"] for event in document["events"]] == list(range(count))
    log_reader = served.logs.get(log).log.reader
    for number, event in enumerate(document["events"]):
        stored = log_reader.get(number)
        assert leaf_hash(stored.entry).hex() == event["leaf_hash"]
        assert json.loads(stored.entry)["metadata"] == {"n": number}


def test_append_large_body_in_a_thread(writer: httpx.Client, served: Served, log: str) -> None:
    """A body beyond ``inline_body`` takes the other way, with the same result."""
    items = events(5_000)
    body = ndjson(items)
    assert len(body) > served.app.settings.inline_body
    answer = post(writer, log, body, "application/x-ndjson")
    assert (answer.status_code, answer.json()["added"]) == (201, 5_000)


def test_append_nothing_is_no_error(writer: httpx.Client, log: str, served: Served) -> None:
    """An empty array adds nothing: 200, no first index."""
    answer = post(writer, log, b"[]")
    assert answer.status_code == 200
    assert answer.json() == {"log": log, "first_index": None, "added": 0, "duplicates": 0, "events": []}
    assert served.journaled(log) == 0


def test_append_again_adds_nothing(writer: httpx.Client, log: str, served: Served) -> None:
    """The same id with the same content is answered with its first index: a retry is harmless."""
    event = {**EVENT, "id": ID}
    first = writer.post(f"/v1/logs/{log}/events", json=event).json()["events"][0]
    again = writer.post(f"/v1/logs/{log}/events", json=event)
    assert again.status_code == 200
    document = again.json()
    assert (document["first_index"], document["added"], document["duplicates"]) == (None, 0, 1)
    assert document["events"] == [{**first, "duplicate": True}]
    mixed = writer.post(f"/v1/logs/{log}/events", json=[EVENT, event, EVENT])
    assert mixed.status_code == 201
    assert [(e["index"], e["duplicate"]) for e in mixed.json()["events"]] == [(1, False), (0, True), (2, False)]
    assert served.journaled(log) == 3


def test_append_minimal_leaves_out_the_events(writer: httpx.Client, log: str) -> None:
    """``return=minimal``: the counts only."""
    answer = post(writer, log, ndjson(events(3)), "application/x-ndjson", "?return=minimal")
    assert answer.json() == {"log": log, "first_index": 0, "added": 3, "duplicates": 0}


def test_append_published_answers_with_proofs(writer: httpx.Client, served: Served, log: str) -> None:
    """``wait=published``: each event comes with a tlog-proof that verifies offline under the log's own keys."""
    answer = post(writer, log, json.dumps(events(3)).encode(), query="?wait=published")
    assert answer.status_code == 201
    hosted = served.logs.get(log)
    policy = Policy.for_log(*hosted.vkeys)
    for event in answer.json()["events"]:
        proof = TlogProof.parse(event["proof"].encode())
        assert proof.index == event["index"]
        proof.verify_leaf(bytes.fromhex(event["leaf_hash"]), policy)
    assert hosted.log.status.size == 3


def test_append_published_answers_duplicates_too(writer: httpx.Client, log: str) -> None:
    """A retry of something recorded long ago gets its proof as well."""
    event = {**EVENT, "id": ID}
    writer.post(f"/v1/logs/{log}/events", json=event)
    answer = post(writer, log, json.dumps(event).encode(), query="?wait=published")
    assert answer.status_code == 200
    assert TlogProof.parse(answer.json()["events"][0]["proof"].encode()).index == 0


def test_append_published_bounds_the_proofs(writer: httpx.Client, served: Served, log: str) -> None:
    """More proofs than one answer may hold: 413 that says what to do, nothing written; minimal is possible."""
    body = ndjson(events(served.app.settings.max_proofs + 1))
    refused = post(writer, log, body, "application/x-ndjson", "?wait=published")
    assert refused.status_code == 413
    assert "return=minimal" in refused.json()["detail"]
    assert served.journaled(log) == 0
    taken = post(writer, log, body, "application/x-ndjson", "?wait=published&return=minimal")
    assert taken.status_code == 201
    assert served.logs.get(log).log.status.size == served.app.settings.max_proofs + 1


def test_append_witnessed_is_refused_while_there_are_no_witnesses(
    writer: httpx.Client, served: Served, log: str
) -> None:
    """Nobody would ever cosign: 400 says so before anything is written."""
    answer = post(writer, log, json.dumps(EVENT).encode(), query="?wait=witnessed")
    assert answer.status_code == 400
    assert "no witness policy" in answer.json()["detail"]
    assert served.journaled(log) == 0


def test_append_with_a_slash_at_the_end_is_the_same(writer: httpx.Client, log: str) -> None:
    """The path that Litestar finds ends in the same endpoint."""
    answer = writer.post(f"/v1/logs/{log}/events/", json=EVENT)
    assert (answer.status_code, answer.json()["added"]) == (201, 1)


def test_append_chunked_without_a_length(writer: httpx.Client, log: str) -> None:
    """A body of unknown length is read to its end."""
    parts = [ndjson(events(10)) for _ in range(50)]
    answer = writer.post(
        f"/v1/logs/{log}/events", content=iter(parts), headers={"Content-Type": "application/x-ndjson"}
    )
    assert (answer.status_code, answer.json()["added"]) == (201, 500)
