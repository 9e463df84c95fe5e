"""Live tail over Server-Sent Events: in order, without loss or repetition, shed and stopped as it should be."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from indelible.access import Grant
from indelible.config import ServerSettings
from tests.e2e.http.serving import serving
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_bad_input import check_problem
from tests.e2e.http.test_search import DENIED, append, eventually
from tests.recorded_log import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.http.serving import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose streams show life often, and of which it takes three."""
    settings = ServerSettings(heartbeat=0.1, stall_timeout=0.5, max_streams=3, max_streams_of_one=2)
    with serving(tmp_path_factory.mktemp("streams"), settings=settings) as served:
        yield served


class Stream:
    """One open stream, read event by event."""

    def __init__(self, client: httpx.Client, log: str, headers: dict[str, str] | None = None, **query: Any) -> None:
        self._opening = client.stream("GET", f"/v1/logs/{log}/stream", params=query, headers=headers or {})
        self.response = self._opening.__enter__()
        self._lines = self.response.iter_lines()
        assert self.response.status_code == 200
        assert next(self._lines).startswith("retry:")

    def next(self, count: int) -> list[int]:
        """The indices of the next events; each event's id is its record's index."""
        found: list[int] = []
        event_id = None
        while len(found) < count:
            line = next(self._lines)
            if line.startswith("id: "):
                event_id = int(line[4:])
            elif line.startswith("data: "):
                assert json.loads(line[6:])["index"] == event_id
                assert event_id is not None
                found.append(event_id)
        return found

    def until_alive(self) -> None:
        """Read up to the next sign of life."""
        while next(self._lines) != ":":
            pass

    def until_ended(self) -> None:
        """Read to the end, which must come."""
        for _ in self._lines:
            pass

    def close(self) -> None:
        self._opening.__exit__(None, None, None)


def test_stream_begins_now_and_filters(served: Served, writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """What was there before is not shown; what comes is, when it matches, published or not."""
    append(writer, log, [DENIED])
    stream = Stream(reader, log, q="outcome:denied")
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    append(writer, log, [EVENT, DENIED, EVENT, DENIED])
    assert stream.next(2) == [2, 4]
    stream.close()
    eventually(lambda: served.app.streams, 0)


def test_stream_resumes_without_loss_or_repetition(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Last-Event-ID outweighs the address; whatever lies between, however much, is shown once and in order."""
    append(writer, log, [EVENT] * 10)
    first = Stream(reader, log, after="4")
    assert first.next(3) == [5, 6, 7]
    first.close()
    for _ in range(5):
        append(writer, log, [EVENT, DENIED] * 500)
    second = Stream(reader, log, headers={"Last-Event-ID": "7"}, after="0")
    append(writer, log, [EVENT])
    assert second.next(5_003) == list(range(8, 5_011))
    second.close()
    rare = Stream(reader, log, q="outcome:denied", after="0")
    assert rare.next(2_500) == list(range(11, 5_011, 2))
    rare.close()


def test_stream_can_begin_before_the_first_entry(writer: httpx.Client, reader: httpx.Client, log: str) -> None:
    """Whoever has seen nothing of an empty log has a place to resume from all the same: -1."""
    append(writer, log, [EVENT, DENIED])
    stream = Stream(reader, log, after=-1)
    assert stream.next(2) == [0, 1]
    stream.close()


def test_stream_shows_life_and_looks_at_credentials_again(served: Served, writer: httpx.Client, log: str) -> None:
    """While nothing matches there are comments; once the key is revoked, the stream ends."""
    key = served.api_keys.create(name="brief", grants=[Grant.parse("reader:*")], by=TEST)
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key.secret}"}, timeout=30) as client:
        stream = Stream(client, log, q="outcome:denied")
        append(writer, log, [EVENT] * 3)
        stream.until_alive()
        stream.until_alive()
        with served.client("admin") as admin:
            assert admin.delete(f"/v1/api-keys/{key.id}").status_code == 204
        with pytest.raises(httpx.RemoteProtocolError):
            stream.until_ended()


def test_stream_ends_when_a_grant_shows_something_else(
    served: Served, admin: httpx.Client, writer: httpx.Client, log: str
) -> None:
    """Also while there is always something to send: a reader who is restricted now sees nothing more than that."""
    key = served.api_keys.create(name="brief", grants=[Grant.parse("reader:*")], by=TEST)
    (wide,) = admin.get("/v1/grants", params={"principal": key.principal}).json()["grants"]
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key.secret}"}, timeout=30) as client:
        stream = Stream(client, log)
        append(writer, log, [EVENT])
        assert stream.next(1) == [0]
        narrow = {"principal": key.principal, "role": "reader", "log": "*", "query": "tenant:acme"}
        assert admin.post("/v1/grants", json=narrow).status_code == 201
        append(writer, log, [EVENT])
        assert stream.next(1) == [1]  # two grants add up
        assert admin.delete(f"/v1/grants/{wide['id']}").status_code == 204

        def show_more() -> None:
            for _ in range(1_000):
                append(writer, log, [EVENT])
                stream.next(1)

        with pytest.raises(StopIteration):
            show_more()


def test_streams_are_bounded(served: Served, reader: httpx.Client, auditor: httpx.Client, log: str) -> None:
    """Beyond so many the next is told to come back; when one ends there is room again. Nobody can have all of them."""
    streams = [Stream(reader, log) for _ in range(2)]
    document = check_problem(reader.get(f"/v1/logs/{log}/stream"), 429)
    assert "streams of yours" in document["detail"]
    streams.append(Stream(auditor, log))
    refused = auditor.get(f"/v1/logs/{log}/stream")
    assert check_problem(refused, 429)["type"] == "urn:indelible:problem:too-many-streams"
    assert refused.headers["retry-after"]
    streams.pop(0).close()
    eventually(lambda: served.app.streams, 2)
    streams.append(Stream(reader, log))
    for stream in streams:
        stream.close()
    eventually(lambda: served.app.streams, 0)


def test_slow_consumer_is_shed_and_hurts_nobody(served: Served, writer: httpx.Client, log: str) -> None:
    """A client that stops reading loses its stream; appends go on all the while."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect((host, int(port)))
        secret = served.secrets["reader"]
        head = f"GET /v1/logs/{log}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n"
        connection.sendall(head.encode())
        eventually(lambda: served.app.streams, 1)
        large = {**EVENT, "metadata": {"text": "x" * 40_000}}
        for _ in range(8):
            append(writer, log, [large] * 20)
        eventually(lambda: served.app.streams, 0)


def test_streams_end_when_the_server_stops(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An open stream does not hold up the end of the server: it is ended properly, and the client resumes elsewhere."""
    ended = threading.Event()
    with serving(tmp_path_factory.mktemp("stopping")) as served:
        log = served.new_log()

        def follow() -> None:
            with served.client("reader") as client:
                Stream(client, log).until_ended()
            ended.set()

        thread = threading.Thread(target=follow)
        thread.start()
        eventually(lambda: served.app.streams, 1)
    thread.join()
    assert ended.is_set()
