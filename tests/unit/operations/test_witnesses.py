"""The witnesses of a policy are asked on real sockets: reached or not, and what then."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from indelible.formats.tlog_policy import Policy
from indelible.operations.doctor import Diagnosis, Level, ask
from indelible.operations.doctor.witnesses import witness_questions
from indelible.trust.signer import LogSigner, generate_log_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = LogSigner(generate_log_keys("log.example")).vkeys[0]
WITNESS = LogSigner(generate_log_keys("witness.example")).vkeys[1]


class Witness(BaseHTTPRequestHandler):
    """Refuses what is no checkpoint, as C2SP tlog-witness says; other paths have other faults."""

    def do_POST(self) -> None:
        assert self.headers["content-length"] == "0"
        statuses = {"/add-checkpoint": 400, "/late/add-checkpoint": 400, "/ill/add-checkpoint": 502}
        self.send_response_only(302 if self.path == "/moved/add-checkpoint" else statuses.get(self.path, 404))
        late = dt.timedelta(minutes=5 if self.path.startswith("/late/") else 0)
        self.send_header("Date", format_datetime(dt.datetime.now(dt.UTC) - late, usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Witness) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def examine(url: str) -> Diagnosis:
    """What is found about the only witness of a policy; ``url`` may be empty."""
    policy = Policy.parse(f"log {LOG}\nwitness w {WITNESS} {url}\nquorum w\n".encode())
    (found,) = ask(witness_questions(policy))
    assert found.subject == "witness w"
    assert bool(found.remedy) is (found.level is not Level.SOUND)
    return found


@pytest.mark.parametrize("end", ["", "/"])
def test_a_witness_that_answers_is_sound(url: str, end: str) -> None:
    """It refuses an empty request, and so it is one."""
    assert examine(url + end).level is Level.SOUND


@pytest.mark.parametrize(("path", "said"), [("/nothing", "404"), ("/moved", "302"), ("/ill", "502")])
def test_an_address_without_a_witness_is_a_problem(url: str, path: str, said: str) -> None:
    """Something else answers there, or it is out of order."""
    found = examine(url + path)
    assert found.level is Level.PROBLEM
    assert said in found.detail


def test_a_witness_with_another_time_is_a_warning(url: str) -> None:
    """Cosignatures bear times."""
    found = examine(f"{url}/late")
    assert found.level is Level.WARNING
    assert "300 s" in found.detail or "301 s" in found.detail


def test_a_witness_that_is_not_there_is_a_problem() -> None:
    """Nobody listens; no such scheme."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    found = examine(f"http://127.0.0.1:{port}")
    assert found.level is Level.PROBLEM
    assert "cannot be reached" in found.detail
    assert examine("gopher://127.0.0.1").level is Level.PROBLEM


def test_a_witness_without_an_address_is_not_asked() -> None:
    """A log's own second key stands in its policy like this."""
    found = examine("")
    assert found.level is Level.SOUND
    assert "not asked" in found.detail
