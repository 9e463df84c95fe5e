"""`indelible.connect` against a real server, and against things that are none."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import indelible
import indelible.aio
from indelible.client import Administration
from indelible.errors import (
    Forbidden,
    IdConflict,
    InvalidEvent,
    NotFound,
    NotYetPublished,
    PeerError,
    Unauthenticated,
    Unavailable,
    UsageError,
)
from indelible.sdk.draft import new_event_id
from tests.e2e.http.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible import AuditLog
    from tests.e2e.http.serving import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"INDELIBLE_STATE": str(tmp_path / "state")}


@pytest.fixture
def log(served: Served, environment: dict[str, str]) -> Iterator[AuditLog]:
    """A log of the test's own, as an administrator sees it."""
    key = served.secrets["admin"]
    with indelible.connect(served.url, api_key=key, log=served.new_log(), environment=environment) as log:
        yield log


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """Something that listens and answers each connection with the next of these bytes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for each in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:  # the test is over
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(each)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield "http://{}:{}".format(*listening.getsockname())
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_connect_gives_the_same_object_as_open(log: AuditLog) -> None:
    """record, get, prove, checkpoint, verify over HTTP end as they do in process."""
    receipt = log.record(
        "invoice.approve", actor="user:ada", targets=["invoice:9"], metadata={"n": 1.5, "big": 2**53 - 1}
    )
    receipt.wait_published(60)
    receipt.verify()
    entry = log.get(receipt.id)
    assert (entry.index, entry.leaf_hash) == (receipt.index, receipt.leaf_hash)
    assert log.prove(receipt.index).entry == entry.entry
    assert log.checkpoint().size == 1
    assert [one.index for one in log.record_many([{"action": "a.b", "actor": "user:ada"}] * 3)] == [1, 2, 3]
    report = log.verify()
    assert report.logs[0].pinned == ()  # the receipt's verification had met the log before
    assert report.exit_status() == 0


def test_errors_are_those_of_a_directory(log: AuditLog) -> None:
    """The same calls fail with the same errors, wherever the log is."""
    with pytest.raises(InvalidEvent) as raised:
        log.record_many([{"action": "a.b", "actor": "user:ada"}, {"action": "", "actor": "user:ada"}])
    assert raised.value.places[0].pointer == "/1/action"
    receipt = log.record("a.b", actor="user:ada")
    assert log.record("a.b", actor="user:ada", id=receipt.id).duplicate
    with pytest.raises(IdConflict) as conflict:
        log.record("a.c", actor="user:ada", id=receipt.id)
    assert conflict.value.first_index == receipt.index
    with pytest.raises(NotFound):
        log.get(99)
    with pytest.raises(NotFound):
        log.get(new_event_id())
    with pytest.raises(UsageError):
        log.get(-1)
    with pytest.raises(NotYetPublished):
        log.run(log.plans.wait_published(99, 0.0))


def test_a_writer_writes_and_cannot_read(served: Served, environment: dict[str, str]) -> None:
    """Roles hold; waiting for publication needs none but its own."""
    name = served.new_log()
    with indelible.connect(served.url, api_key=served.secrets["writer"], log=name, environment=environment) as log:
        receipt = log.record("a.b", actor="user:ada")
        receipt.wait_published(60)
        with pytest.raises(Forbidden):
            log.get(receipt.index)
    with (
        indelible.connect(served.url, log=name, environment=environment) as anonymous,
        pytest.raises(Unauthenticated),
    ):
        anonymous.record("a.b", actor="user:ada")


def test_aio_connect_does_the_same_with_await(served: Served, environment: dict[str, str]) -> None:
    """The async object gives the same answers, many at a time."""

    async def scenario() -> None:
        key = served.secrets["admin"]
        async with indelible.aio.connect(served.url, api_key=key, log=served.new_log(), environment=environment) as log:
            receipts = await asyncio.gather(*(log.record("a.b", actor=f"user:{number}") for number in range(20)))
            assert sorted(receipt.index for receipt in receipts) == list(range(20))
            await receipts[0].verify()
            assert (await log.verify()).exit_status() == 0
            with pytest.raises(NotFound):
                await log.get(99)

    asyncio.run(scenario())


def test_administration_speaks_the_documented_json(served: Served) -> None:
    """Logs and keys are listed, made, revoked."""
    with Administration(served.url, api_key=served.secrets["admin"]) as server:
        name = f"made-{new_event_id()[-6:]}"
        assert server.create_log(name, origin=None, public=True)["log"] == name
        assert name in [log["log"] for log in server.logs()]
        assert server.log(name)["size"] == 0
        key = server.create_api_key(name="ci", grants=[{"role": "writer", "log": name}], expires_at=None)
        server.revoke_api_key(key["id"])
        revoked = next(one for one in server.api_keys() if one["id"] == key["id"])
        assert revoked["revoked_at"] is not None
        assert "secret" not in revoked
        with pytest.raises(UsageError):
            server.create_log(name, origin=None, public=False)


def test_append_is_sent_again_until_it_is_answered(environment: dict[str, str]) -> None:
    """Busy answers and broken connections are retried: every event bears its id, so nothing is added twice."""
    event = b'{"id":"x","index":7,"leaf_hash":"00","duplicate":false}'
    body = b'{"log":"main","first_index":7,"added":1,"duplicates":0,"events":[%s]}' % event
    answers = [
        response("503 Busy", b"", "Retry-After: 0"),
        b"",
        response("429 Slower", b"", "Retry-After: 0"),
        response("201 Created", body, "Content-Type: application/json"),
    ]
    with answering(*answers) as url, indelible.connect(url, environment=environment) as log:
        assert log.record("a.b", actor="user:ada").index == 7


def test_append_gives_up_when_patience_ends(environment: dict[str, str]) -> None:
    """Patience is bounded, and what is not passing is not tried again."""
    with (
        answering(response("503 Busy", b"", "Retry-After: 5")) as url,
        indelible.connect(url, patience=0.1, environment=environment) as log,
        pytest.raises(Unavailable),
    ):
        log.record("a.b", actor="user:ada")
    with (
        answering(response("500 Oops", b"")) as url,
        indelible.connect(url, environment=environment) as log,
        pytest.raises(PeerError),
    ):
        log.record("a.b", actor="user:ada")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"events":[]}', b'{"events":[{"id":"x"}]}', b"<html>", b'{"events":[{"index":"7"}]}']
)
def test_an_answer_that_is_not_the_promised_one_is_the_peers_fault(body: bytes, environment: dict[str, str]) -> None:
    """A receipt is never made up from an answer that does not hold one."""
    with (
        answering(response("201 Created", body)) as url,
        indelible.connect(url, environment=environment) as log,
        pytest.raises(PeerError),
    ):
        log.record("a.b", actor="user:ada")


def test_redirects_are_not_followed(environment: dict[str, str]) -> None:
    """Credentials are for one address; the error names the other."""
    with (
        answering(response("307 Elsewhere", b"", "Location: https://elsewhere.example")) as url,
        indelible.connect(url, api_key="idl_x_y", environment=environment) as log,
        pytest.raises(PeerError, match=r"elsewhere\.example"),
    ):
        log.record("a.b", actor="user:ada")


@pytest.mark.parametrize(
    ("url", "key", "log"),
    [
        ("ftp://example.com", None, "main"),
        ("example.com", None, "main"),
        ("https://me@example.com", None, "main"),
        ("https://example.com?x=1", None, "main"),
        ("https://example.com#x", None, "main"),
        ("https://[::1", None, "main"),
        ("https://example.com", "idl_x\n", "main"),
        ("https://example.com", "idl_\u00e4", "main"),
        ("https://example.com", None, "../main"),
    ],
)
def test_connect_refuses_what_cannot_be_right(url: str, key: str | None, log: str) -> None:
    """Addresses, keys and names are checked before anything is sent."""
    with pytest.raises(UsageError):
        indelible.connect(url, api_key=key, log=log)
