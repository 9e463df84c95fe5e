"""Too much at once, a log that stops, clients that stall or vanish: refused plainly, and nothing half-written."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import StorageFull
from indelible.server import ServerSettings
from tests.e2e.http.serving import serving
from tests.e2e.http.test_append import EVENT, events, ndjson
from tests.e2e.http.test_bad_input import check_problem
from tests.e2e.http.test_search import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

    from indelible.log import Log, Submission
    from tests.e2e.http.serving import Served

STREAM = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with small limits."""
    settings = ServerSettings(max_in_flight=1 << 20, body_timeout=0.3, publish_timeout=0.05)
    with serving(tmp_path_factory.mktemp("small"), settings=settings) as served:
        yield served


@contextmanager
def stalled(log: Log, monkeypatch: pytest.MonkeyPatch, part: str) -> Iterator[threading.Event]:
    """A log whose sequencer or publisher stands still at its next turn until the block ends; set once it does."""
    worker = getattr(log, part)
    real = worker.run
    standing, go = threading.Event(), threading.Event()

    def run(argument: Any) -> Any:
        standing.set()
        go.wait()
        return real(argument)

    monkeypatch.setattr(worker, "run", run)
    try:
        yield standing
    finally:
        monkeypatch.setattr(worker, "run", real)
        go.set()


def test_full_pool_is_429_and_recovers(
    served: Served, writer: httpx.Client, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is beyond the bounded pool is refused at once, with Retry-After; what was taken is answered in the end."""
    target = served.logs.get(log).writable
    monkeypatch.setattr(target._pool, "_max_entries", 10)
    waiting = threading.Event()
    put = target._pool.put

    def putting(submission: Submission) -> None:
        put(submission)
        if target._pool.entries == 10:
            waiting.set()

    monkeypatch.setattr(target._pool, "put", putting)
    with ThreadPoolExecutor() as clients:
        with stalled(target, monkeypatch, "sequencer") as standing:
            sequenced = clients.submit(writer.post, f"/v1/logs/{log}/events", json=EVENT)
            standing.wait()
            pooled = clients.submit(writer.post, f"/v1/logs/{log}/events", content=ndjson(events(10)), headers=STREAM)
            waiting.wait()
            refused = writer.post(f"/v1/logs/{log}/events", json=EVENT)
            check_problem(refused, 429)
            assert int(refused.headers["retry-after"]) >= 1
        assert sequenced.result().status_code == pooled.result().status_code == 201
    assert served.journaled(log) == 11
    assert writer.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201


def test_too_many_bodies_in_hand_is_429(served: Served, writer: httpx.Client, log: str) -> None:
    """All bodies together are bounded, whatever each of them may be."""
    large = b" " * (served.app.settings.max_in_flight + 1)
    refused = writer.post(f"/v1/logs/{log}/events", content=large, headers={"Content-Type": "application/json"})
    check_problem(refused, 429)
    assert refused.headers["retry-after"]
    assert writer.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201


def test_published_too_late_is_503_and_durable(
    served: Served, writer: httpx.Client, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events are in; the same request again answers with their proofs once there is a checkpoint."""
    target = served.logs.get(log).writable
    event = {**EVENT, "id": "01890a5d-ac96-774b-bcce-b302099a8057"}
    with stalled(target, monkeypatch, "publisher"):
        late = writer.post(f"/v1/logs/{log}/events?wait=published", json=event)
        document = check_problem(late, 503)
        assert "durable" in document["detail"]
        assert late.headers["retry-after"]
        assert served.journaled(log) == 1
    target.wait_published(1)
    again = writer.post(f"/v1/logs/{log}/events?wait=published", json=event)
    assert again.status_code == 200
    assert again.json()["events"][0]["proof"]


def test_full_disk_is_503_and_passes(
    served: Served, writer: httpx.Client, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space: refused with Retry-After and not written; once there is space again, taken."""
    target = served.logs.get(log).writable

    def append(first_index: int, entries: Sequence[bytes]) -> None:
        raise StorageFull("no space left")

    with monkeypatch.context() as full:
        full.setattr(target._stores.journal, "append", append)
        refused = writer.post(f"/v1/logs/{log}/events", json=EVENT)
        check_problem(refused, 503)
        assert refused.headers["retry-after"]
        assert served.journaled(log) == 0
    assert writer.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201


def test_read_only_log_is_503_for_appends_only(
    served: Served, writer: httpx.Client, reader: httpx.Client, stranger: httpx.Client
) -> None:
    """Readiness and metrics say so, reading goes on, other logs go on."""
    log, other = served.new_log(), served.new_log()
    writer.post(f"/v1/logs/{log}/events", json=EVENT)
    target = served.logs.get(log).writable
    target.wait_published(1)
    target._health.fail(OSError("the disk is gone"))
    refused = writer.post(f"/v1/logs/{log}/events", json=EVENT)
    assert "read-only" in check_problem(refused, 503)["detail"]
    assert refused.headers["retry-after"]
    assert reader.get(f"/v1/logs/{log}/events/0").status_code == 200
    assert reader.get(f"/logs/{log}/checkpoint").status_code == 200
    assert "disk is gone" in reader.get(f"/v1/logs/{log}").json()["read_only"]
    document = check_problem(stranger.get("/readyz"), 503)
    assert log not in document["detail"]
    assert stranger.get("/healthz").status_code == 200
    assert f'indelible_log_read_only{{log="{log}"}} 1.0' in reader.get("/metrics").text
    assert writer.post(f"/v1/logs/{other}/events", json=EVENT).status_code == 201


def raw_request(served: Served, log: str, body: bytes, length: int) -> socket.socket:
    """A connection on which so much of a longer body has been sent."""
    host, port = served.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    head = (
        f"POST /v1/logs/{log}/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {served.secrets['writer']}\r\nContent-Length: {length}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def test_body_that_stalls_is_408(served: Served, log: str) -> None:
    """It is not waited for longer than ``body_timeout``."""
    with raw_request(served, log, b'{"action"', 100) as connection:
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert served.journaled(log) == 0


def test_client_that_vanishes_leaves_nothing(
    served: Served, writer: httpx.Client, reader: httpx.Client, log: str
) -> None:
    """Half a body and a closed connection: nothing written, nothing held on to."""
    body = json.dumps(EVENT).encode()
    for _ in range(20):
        raw_request(served, log, body, len(body) + 1).close()
    assert writer.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201
    assert served.journaled(log) == 1
    eventually(lambda: served.app.body_bytes_in_flight, 0)


def test_many_clients_at_once_all_get_their_own_answer(served: Served, log: str) -> None:
    """Sixteen clients, each appending one after another: every index once, every event under its index."""

    def client(number: int) -> list[tuple[int, str]]:
        with served.client("writer") as http:
            placed = []
            for step in range(20):
                marked = {**EVENT, "reason": f"{number}-{step}"}
                event = http.post(f"/v1/logs/{log}/events", json=marked).json()["events"][0]
                placed.append((event["index"], f"{number}-{step}"))
            return placed

    with ThreadPoolExecutor(16) as clients:
        placed = [each for answers in clients.map(client, range(16)) for each in answers]
    assert sorted(index for index, _ in placed) == list(range(320))
    log_reader = served.logs.get(log).writable.reader
    assert all(json.loads(log_reader.get(index).entry)["reason"] == reason for index, reason in placed)
