"""The load generator, against a real server on the loopback interface."""

from __future__ import annotations

import socket
import socketserver
import threading
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import pytest
from typing_extensions import override

from indelible.bench.http1 import Connection
from indelible.bench.load import LoadPlan, build_requests, drive
from indelible.bench.workload import event_id

if TYPE_CHECKING:
    from collections.abc import Iterator


class Recorder(socketserver.ThreadingTCPServer):
    """Answers every request with ``answer`` and keeps the bodies."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
        self.closes = False
        self.bodies: list[bytes] = []
        self.connections = 0


class Handler(socketserver.StreamRequestHandler):
    server: Recorder

    @override
    def handle(self) -> None:
        self.server.connections += 1
        while self.rfile.readline():
            length = 0
            while (line := self.rfile.readline()) != b"\r\n":
                if line.startswith(b"Content-Length: "):
                    length = int(line[16:])
            self.server.bodies.append(self.rfile.read(length))
            self.wfile.write(self.server.answer)
            if self.server.closes:
                return


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def plan_for(server: Recorder, *, connections: int, requests: int, events: int, pace: float = 0.0) -> LoadPlan:
    host, port = server.server_address[:2]
    return LoadPlan(
        host=str(host),
        port=int(port),
        target="/v1/logs/main/events",
        authorization="Bearer key",
        connections=connections,
        requests=requests,
        events=events,
        first=1000,
        pace=pace,
    )


def ids_in(bodies: list[bytes]) -> list[str]:
    return sorted(msgspec.json.decode(line)["id"] for body in bodies for line in body.splitlines())


@pytest.mark.parametrize(
    ("connections", "requests", "events"),
    [(1, 5, 1), (4, 50, 1), (3, 8, 2000), (16, 3, 1)],
)
def test_drive_sends_every_event_once(recorder: Recorder, connections: int, requests: int, events: int) -> None:
    """Every event of the plan arrives exactly once, over no more connections than the plan has, and is answered."""
    plan = plan_for(recorder, connections=connections, requests=requests, events=events)
    result = drive(plan, build_requests(plan))
    assert ids_in(recorder.bodies) == sorted(map(event_id, range(1000, 1000 + requests * events)))
    assert recorder.connections == min(connections, requests)
    assert result.requests == requests
    assert 0 < result.p50 <= result.p99 <= result.seconds


def test_drive_begins_no_request_before_its_time(recorder: Recorder) -> None:
    """At a pace of 200 a second the fifth request begins after 20 ms; all arrive, and each answer is noted."""
    body = b'{"log":"main","first_index":17}'
    recorder.answer = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    plan = plan_for(recorder, connections=2, requests=5, events=1, pace=200.0)
    began = perf_counter()
    result = drive(plan, build_requests(plan))
    assert [answer.first_index for answer in result.answers] == [17] * 5
    assert began + 4 / plan.pace <= max(answer.at for answer in result.answers)
    assert len(recorder.bodies) == 5


def test_drive_notes_no_index_where_there_is_none(recorder: Recorder) -> None:
    """Other servers' answers are answers too."""
    plan = plan_for(recorder, connections=1, requests=1, events=1)
    assert [answer.first_index for answer in drive(plan, build_requests(plan)).answers] == [None]


def test_drive_stops_at_a_refusal(recorder: Recorder) -> None:
    """A benchmark of refusals would look fast: the first one ends it, with the server's words."""
    recorder.answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater"
    plan = plan_for(recorder, connections=1, requests=2, events=1)
    with pytest.raises(ConnectionError, match="later"):
        drive(plan, build_requests(plan))


def test_connection_exchanges_one_after_another(recorder: Recorder) -> None:
    """A connection is kept for the next request; a body that comes in pieces is put together."""
    body = b"x" * 3_000_000
    recorder.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    host, port = recorder.server_address[:2]
    with Connection(str(host), int(port)) as connection:
        answers = [connection.exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(2)]
    assert answers == [(200, body)] * 2
    assert recorder.connections == 1


def test_connection_says_when_the_server_went_away() -> None:
    """A response that breaks off is an error, not a short body."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def break_off() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.recv(1000)
                accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

        thread = threading.Thread(target=break_off)
        thread.start()
        host, port = listening.getsockname()
        with Connection(host, port) as connection, pytest.raises(ConnectionError, match="middle of a response"):
            connection.exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        thread.join()


def chunked(*pieces: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_connection_streams_what_comes_in_chunks(recorder: Recorder) -> None:
    """A body of unknown length is taken piece by piece, whatever line ends it holds."""
    pieces = [b"a\r\n\r\nb", b"x" * 700_000, b"\n"]
    recorder.answer = chunked(*pieces)
    host, port = recorder.server_address[:2]
    with Connection(str(host), int(port)) as connection:
        assert list(connection.stream(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) == pieces


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["refused", "cut short"],
)
def test_connection_stream_is_whole_or_an_error(recorder: Recorder, answer: bytes) -> None:
    """What is refused or cut short is no export."""
    recorder.answer = answer
    recorder.closes = True
    host, port = recorder.server_address[:2]
    with Connection(str(host), int(port)) as connection, pytest.raises(ConnectionError):
        list(connection.stream(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
