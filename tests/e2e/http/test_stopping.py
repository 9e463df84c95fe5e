"""An orderly end: what is in hand is finished, everything acknowledged is there, the exit status is 0."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from indelible.embedded import DataDirectory
from indelible.errors import ConfigurationError
from indelible.server.sockets import listen
from tests.e2e.http.test_append import EVENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CLI = [sys.executable, "-c", "from indelible.cli import main; main()"]
LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:(\d+))\n")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}


@contextmanager
def process(path: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """``indelible serve`` over a new directory, and a client with its first key."""
    made = subprocess.run(
        [*CLI, "init", "--data", str(path), "--json"], env=environment, check=True, capture_output=True, text=True
    )
    secret = json.loads(made.stdout)["key"]["secret"]
    server = subprocess.Popen(
        [*CLI, "serve", "--data", str(path), "--listen", "127.0.0.1:0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    drained = None
    try:
        found = None
        while found is None:
            line = server.stderr.readline()
            assert line, "the server ended before it listened"
            found = LISTENING.search(line)
        drained = threading.Thread(target=server.stderr.read)
        drained.start()
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=found[1], headers=headers, timeout=30) as client:
            yield server, client
    finally:
        if server.poll() is None:
            server.kill()
        server.wait()
        if drained is not None:
            drained.join()
        server.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_under_load_loses_nothing(tmp_path: Path, environment: dict[str, str], number: signal.Signals) -> None:
    """Clients append until the server is gone; whatever was acknowledged is there afterwards, published, once."""
    path = tmp_path / "data"
    acknowledged: dict[str, int] = {}
    enough = threading.Event()
    with process(path, environment) as (server, client):

        def append_until_refused() -> None:
            with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=30) as own:
                while True:
                    try:
                        answer = own.post("/v1/logs/main/events", json=[EVENT] * 5)
                    except httpx.TransportError:
                        return
                    if answer.status_code != 201:
                        return
                    acknowledged.update({event["id"]: event["index"] for event in answer.json()["events"]})
                    if len(acknowledged) > 200:
                        enough.set()

        threads = [threading.Thread(target=append_until_refused) for _ in range(4)]
        for thread in threads:
            thread.start()
        enough.wait()
        server.send_signal(number)
        for thread in threads:
            thread.join()
        assert server.wait(60) == 0
    with process_reader(path, environment) as reader:
        indices = {event_id: reader(event_id) for event_id in acknowledged}
    assert indices == acknowledged


@contextmanager
def process_reader(path: Path, environment: dict[str, str]) -> Iterator[Callable[[str], int | None]]:
    with DataDirectory.open(path, environment=environment) as directory, directory.open_log("main") as log:
        assert log.status.size == log.status.journaled
        yield log.reader.find


def test_request_in_hand_is_finished(tmp_path: Path, environment: dict[str, str]) -> None:
    """A body that is still arriving when the signal comes gets its answer; new connections are refused."""
    with process(tmp_path / "data", environment) as (server, client):
        body = json.dumps(EVENT).encode()
        port = client.base_url.port
        assert port is not None
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = (
                "POST /v1/logs/main/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Authorization: {client.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n"
                "Expect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")  # the request is in hand
            connection.sendall(body[:5])
            server.send_signal(signal.SIGTERM)
            while refuses_nothing(port):
                pass
            connection.sendall(body[5:])
            assert connection.recv(65_536).startswith(b"HTTP/1.1 201 ")
        assert server.wait(60) == 0


def refuses_nothing(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_listen_refuses_a_port_that_is_taken() -> None:
    """Two servers on one port must not go unnoticed; the text says what to do."""
    with listen("127.0.0.1", 0) as first, pytest.raises(ConfigurationError, match="--listen"):
        listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_listen_refuses_an_address_that_is_not_here(host: str) -> None:
    """Likewise."""
    with pytest.raises(ConfigurationError, match="cannot listen on"):
        listen(host, 0)
