"""Client certificates as identities, without a proxy: who gets in, as whom, and that nothing else changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import socket
import ssl
import struct
import tempfile
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import structlog
from cryptography import x509

from indelible.config import (
    CertificateIdentity,
    Configuration,
    LoggingSettings,
    ProxySettings,
    ServerSettings,
)
from indelible.errors import ConfigurationError
from indelible.server import tls_front
from tests.certificates import Authority
from tests.e2e.http.serving import serving
from tests.e2e.http.test_append import EVENT
from tests.e2e.http.test_search import eventually
from tests.e2e.http.test_stream import Stream
from tests.e2e.http.test_tls import CA, files, shown_certificate, trusting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.certificates import Issued
    from tests.e2e.http.serving import Served

CLIENTS = Authority("clients")
COLLECTOR = CLIENTS.issue("x", names=[x509.DNSName("collector.example")])
AUDITOR = CLIENTS.issue("y", names=[x509.UniformResourceIdentifier("spiffe://example/auditor")])
STRANGER = CLIENTS.issue("z", names=[x509.DNSName("stranger.example")])
IDENTITIES = {
    name: CertificateIdentity(name=name, grants=grants)
    for name, grants in {
        "dns:collector.example": ("writer:*",),
        "uri:spiffe://example/auditor": ("auditor:*",),
        "dns:proxied.example": ("auditor:*",),
    }.items()
}
BIG = 22 << 20


@contextmanager
def gate(folder: Path, **configuration: Any) -> Iterator[Served]:
    """A server that demands certificates of the clients' authority and knows some of them."""
    (folder / "clients.pem").write_bytes(CLIENTS.root.pem)
    settings = Configuration(certificates=IDENTITIES, **configuration)
    with serving(folder, configuration=settings, tls=files(folder, client_ca="clients.pem")) as served:
        yield served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    settings = ServerSettings(max_body=64 << 20)
    with gate(folder, server=settings) as served:
        yield served


@contextmanager
def bearing(
    served: Served, folder: Path, certificate: Issued | None, *, role: str | None = None
) -> Iterator[httpx.Client]:
    """A client with this certificate, and the key of this role."""
    with served.client(role, verify=trusting(folder, certificate)) as client:
        yield client


def connect(served: Served, folder: Path, certificate: Issued | None) -> ssl.SSLSocket:
    """A connection after its handshake."""
    host, port = address(served)
    plain = socket.create_connection((host, port), timeout=30)
    return trusting(folder, certificate).wrap_socket(plain, server_hostname=host)


def address(served: Served) -> tuple[str, int]:
    host, _, port = served.url.removeprefix("https://").partition(":")
    return host, int(port)


def test_known_certificate_writes_without_a_secret(served: Served, folder: Path) -> None:
    """What it may is what is configured for it, and its records name it."""
    log = served.new_log()
    with bearing(served, folder, COLLECTOR) as client:
        answer = client.post(f"/v1/logs/{log}/events", json=EVENT)
        assert answer.status_code == 201
        assert client.get("/").headers["strict-transport-security"].startswith("max-age=")
        assert client.get(f"/v1/logs/{log}/events/0").status_code == 403
    with bearing(served, folder, AUDITOR) as client:
        assert client.get(f"/v1/logs/{log}/events/0").json()["principal"] == "certificate:dns:collector.example"


def test_unknown_certificate_opens_the_gate_and_no_more(served: Served, folder: Path) -> None:
    """Its bearer needs a key, as if there were no identities; what is open to all is open to it."""
    log = served.new_log()
    with bearing(served, folder, STRANGER) as client:
        assert client.get("/healthz").status_code == 200
        assert client.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 401
    with bearing(served, folder, STRANGER, role="writer") as client:
        assert client.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 201


def test_key_counts_before_the_certificate(served: Served, folder: Path) -> None:
    """With both, what the key may do counts; a wrong key is wrong, whatever the certificate."""
    log = served.new_log()
    with bearing(served, folder, COLLECTOR, role="reader") as client:
        assert client.post(f"/v1/logs/{log}/events", json=EVENT).status_code == 403
        wrong = {"Authorization": "Bearer idl_000000000000_" + "0" * 43}
        assert client.post(f"/v1/logs/{log}/events", json=EVENT, headers=wrong).status_code == 401


def test_session_counts_where_the_certificate_is_unknown(served: Served, folder: Path) -> None:
    """Who signed in to the console stays signed in behind the gate."""
    ours = {"Origin": served.url, "Sec-Fetch-Site": "same-origin", "X-Indelible-Console": "1"}
    with bearing(served, folder, STRANGER) as client:
        assert client.post("/auth/login", json={"api_key": served.secrets["reader"]}, headers=ours).status_code == 200
        assert client.get("/auth/session", headers=ours).json()["name"] == "reader"


EXPIRED = CLIENTS.issue(
    "x", names=[x509.DNSName("collector.example")], not_after=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
)


@pytest.mark.parametrize("bad", [None, Authority("others").issue("x"), Authority("clients").issue("x"), EXPIRED])
def test_bad_certificate_ends_in_the_handshake(served: Served, folder: Path, bad: Issued | None) -> None:
    """None, one of another authority, of one that only bears our authority's name, or one that has expired."""
    with bearing(served, folder, bad, role="admin") as client, pytest.raises(httpx.TransportError):
        client.get("/healthz")


def test_certificate_by_header_is_nothing(served: Served, folder: Path) -> None:
    """A client cannot claim another certificate, nor another address."""
    claims = {"Client-Cert": COLLECTOR.rfc9440, "X-Forwarded-For": "192.0.2.1"}
    log = served.new_log()
    with bearing(served, folder, STRANGER) as client:
        assert client.post(f"/v1/logs/{log}/events", json=EVENT, headers=claims).status_code == 401
    with bearing(served, folder, AUDITOR) as client:
        assert client.post(f"/v1/logs/{log}/events", json=EVENT, headers=claims).status_code == 403


def test_connection_past_the_gate_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can reach the socket behind the gate; not even this user gets anything there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with gate(tmp_path) as served:
        (inside,) = tmp_path.glob("indelible-*")
        assert inside.stat().st_mode & 0o077 == 0
        headers = {"Authorization": f"Bearer {served.secrets['admin']}", "Client-Cert": COLLECTOR.rfc9440}
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(inside / "granian")), headers=headers) as client:
            for path in ("/v1/logs", "/healthz"):
                assert client.get(f"http://x{path}").status_code == 403
        with bearing(served, tmp_path, COLLECTOR) as client:
            assert client.get("/healthz").status_code == 200
        assert [path.name for path in inside.iterdir()] == ["granian"]
    assert not inside.exists()


@pytest.mark.parametrize("speaks", [True, False])
def test_trusted_proxy_with_a_certificate_of_its_own(tmp_path: Path, *, speaks: bool) -> None:
    """Where it identifies its clients it never stands for itself; where it does not, its certificate is its own."""
    proxy = ProxySettings(trusted=("127.0.0.1/32",), client_certificate=speaks)
    forwarded = {"Client-Cert": CA.issue("x", names=[x509.DNSName("proxied.example")]).rfc9440}
    with gate(tmp_path, proxy=proxy) as served, bearing(served, tmp_path, COLLECTOR) as client:
        log = served.new_log()
        url = f"/v1/logs/{log}/events"
        own, other = client.post(url, json=EVENT), client.post(url, json=EVENT, headers=forwarded)
        assert (own.status_code, other.status_code) == ((401, 403) if speaks else (201, 201))


def test_requests_come_from_the_client_itself(tmp_path: Path) -> None:
    """Records and the server's own log name the address of the client."""
    grants = [{"role": "writer", "log": "main"}]
    with (
        structlog.testing.capture_logs() as lines,
        gate(tmp_path, logging=LoggingSettings(requests=True)) as served,
        bearing(served, tmp_path, STRANGER, role="admin") as client,
    ):
        assert client.post("/v1/api-keys", json={"name": "noted", "grants": grants}).status_code == 201

        def addresses() -> set[str]:
            found = client.get("/v1/logs/_system/events", params={"q": "action:*api_key*"}).json()["events"]
            return {event["context"]["ip"] for event in found if "ip" in event.get("context", {})}

        eventually(addresses, {"127.0.0.1"})
    assert {line["client"] for line in lines if line["event"] == "request"} == {"127.0.0.1"}


def test_large_bodies_pass_unchanged(served: Served, folder: Path) -> None:
    """Up and down, more than any buffer holds."""
    log = served.new_log()
    texts = [hashlib.sha256(b"%d" % number).hexdigest() * 800 for number in range(BIG // 51_200)]
    lines = "".join(json.dumps({**EVENT, "metadata": {"text": text}}) + "\n" for text in texts)
    assert len(lines) >= BIG
    with bearing(served, folder, COLLECTOR) as client:
        headers = {"Content-Type": "application/x-ndjson"}
        answer = client.post(f"/v1/logs/{log}/events?wait=published", content=lines, headers=headers)
        assert answer.json()["added"] == len(texts)
    with (
        bearing(served, folder, AUDITOR) as client,
        client.stream("GET", f"/v1/logs/{log}/export?format=ndjson") as export,
    ):
        assert [json.loads(line)["metadata"]["text"] for line in export.iter_lines()] == texts


def test_refusal_of_a_large_body_arrives(served: Served, folder: Path) -> None:
    """The server answers before the body has been sent, and closes; the client reads why."""
    with bearing(served, folder, COLLECTOR) as client:
        headers = {"Content-Type": "application/json"}
        for _ in range(5):
            answer = client.post("/v1/logs/main/events", content=b"x" * (65 << 20), headers=headers)
            assert answer.status_code == 413


def test_streams_pass_and_end_with_the_server(tmp_path: Path) -> None:
    """A live tail shows what is appended at once, and is ended properly when the server stops."""
    ended = threading.Event()
    seen: list[int] = []
    with gate(tmp_path) as served:
        log = served.new_log()

        def follow() -> None:
            with bearing(served, tmp_path, AUDITOR) as client:
                stream = Stream(client, log)
                seen.extend(stream.next(2))
                stream.until_ended()
            ended.set()

        thread = threading.Thread(target=follow)
        thread.start()
        eventually(lambda: served.app.streams, 1)
        with bearing(served, tmp_path, COLLECTOR) as client:
            assert client.post(f"/v1/logs/{log}/events", json=[EVENT] * 2).status_code == 201
            eventually(lambda: len(seen), 2)  # the collector's connection stays open, and does not hold up the end
            assert not ended.is_set()
    thread.join()
    assert ended.is_set()


def test_stream_ends_when_its_client_leaves(served: Served, folder: Path) -> None:
    """Whether it says goodbye or not."""
    log = served.new_log()
    head = f"GET /v1/logs/{log}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for goodbye in (True, False):
        connection = connect(served, folder, AUDITOR)
        connection.sendall(head)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
        eventually(lambda: served.app.streams, 1)
        if goodbye:
            connection.unwrap().close()
        else:
            connection.close()
        eventually(lambda: served.app.streams, 0)


def test_slow_reader_is_waited_for_and_shed(tmp_path: Path) -> None:
    """What it does not read is not piled up on the way: the server sees that it is slow, and ends its stream."""
    with gate(tmp_path, server=ServerSettings(heartbeat=0.1, stall_timeout=0.5)) as served, socket.socket() as plain:
        log = served.new_log()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plain.connect(address(served))
        with trusting(tmp_path, AUDITOR).wrap_socket(plain, server_hostname="127.0.0.1") as slow:
            slow.sendall(f"GET /v1/logs/{log}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            eventually(lambda: served.app.streams, 1)
            large = {**EVENT, "metadata": {"text": "x" * 40_000}}
            with bearing(served, tmp_path, COLLECTOR) as client:
                for _ in range(12):
                    assert client.post(f"/v1/logs/{log}/events", json=[large] * 20).status_code == 201
            eventually(lambda: served.app.streams, 0)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_from_1_2_on_are_spoken(served: Served, folder: Path, version: ssl.TLSVersion) -> None:
    """As configured; nobody gets a ticket that would spare them showing their certificate."""
    context = trusting(folder, COLLECTOR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or OpenSSL itself would not offer 1.1
    host, port = address(served)
    with socket.create_connection((host, port), timeout=30) as plain:
        if version < ssl.TLSVersion.TLSv1_2:
            with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
                context.wrap_socket(plain, server_hostname=host)
            return
        with context.wrap_socket(plain, server_hostname=host) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            assert connection.session is None or not connection.session.has_ticket


def nonsense(served: Served, folder: Path) -> None:
    """What attackers and mistaken clients send instead of a handshake, or after it."""
    for beginning in (b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05abc", b"\0" * 100_000):
        with socket.create_connection(address(served), timeout=30) as plain, suppress(OSError):
            plain.sendall(beginning)
    for certificate in (None, EXPIRED):
        with suppress(OSError), connect(served, folder, certificate) as connection:
            connection.recv(1)
    broken = connect(served, folder, STRANGER)
    with socket.socket(fileno=broken.detach()) as plain:
        plain.settimeout(30)
        plain.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)  # no record of this connection
        assert isinstance(plain.recv(65_536), bytes)
    reset = connect(served, folder, STRANGER)
    reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reset.close()


def test_nonsense_leaves_nothing_behind(served: Served, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither open files nor a word in the log, however often."""
    process = psutil.Process()
    nonsense(served, folder)
    before = process.num_fds()
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            nonsense(served, folder)
        eventually(lambda: process.num_fds() <= before, wanted=True)
    assert [line for line in lines if line["log_level"] != "debug"] == []
    assert caplog.records == []


def test_slow_handshake_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects and says nothing is not waited for."""
    monkeypatch.setattr(tls_front, "_HANDSHAKE_SECONDS", 0.1)
    with gate(tmp_path) as served, socket.create_connection(address(served), timeout=30) as plain:
        assert plain.recv(1) == b""


def test_connections_beyond_the_most_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are served once others have left, and not before."""
    monkeypatch.setattr(tls_front, "MAX_CONNECTIONS", 2)
    with gate(tmp_path) as served:
        first, second = (connect(served, tmp_path, COLLECTOR) for _ in range(2))
        with socket.create_connection(address(served), timeout=0.2) as third, pytest.raises(TimeoutError):
            trusting(tmp_path, COLLECTOR).wrap_socket(third, server_hostname="127.0.0.1")
        first.close()
        with bearing(served, tmp_path, COLLECTOR) as client:
            assert client.get("/healthz").status_code == 200
        second.close()


def begin(connection: ssl.SSLSocket) -> bytes:
    """Begin a request, which is in hand when this returns; gives the body that it waits for."""
    body = json.dumps(EVENT).encode()
    head = (
        "POST /v1/logs/main/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
    return body


def test_request_in_hand_is_finished_when_the_server_stops(tmp_path: Path) -> None:
    """It gets its answer and a proper goodbye; whoever comes now is refused, and an idle client holds nothing up."""
    answers: list[bytes] = []
    with gate(tmp_path) as served:
        idle, in_hand = (connect(served, tmp_path, COLLECTOR) for _ in range(2))
        body = begin(in_hand)

        def finish() -> None:
            with idle, in_hand:
                answers.append(idle.recv(1))
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(address(served), timeout=30)
                in_hand.sendall(body)
                answers.extend((in_hand.recv(65_536)[:13], in_hand.recv(1)))

        thread = threading.Thread(target=finish)
        thread.start()
    thread.join()
    assert answers == [b"", b"HTTP/1.1 201 ", b""]


@contextmanager
def asking(served: Served, context: ssl.SSLContext) -> Iterator[None]:
    """Ask on a new connection each time until the block ends; none may fail."""
    enough, failures, asked = threading.Event(), list[Exception](), itertools.count()

    def ask() -> None:
        while not enough.is_set() and not failures:
            try:
                with served.client(None, verify=context) as client:
                    assert client.post("/v1/logs/main/events", json=EVENT).status_code == 201
                next(asked)
            except Exception as error:  # noqa: BLE001 - any at all fails the test
                failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
    assert failures == []
    assert next(asked) > 0


def test_renewed_certificate_interrupts_nothing(tmp_path: Path) -> None:
    """Neither a request in hand nor a single one of those that come all the while; a pair that does not fit is none."""
    context = trusting(tmp_path, COLLECTOR)
    with gate(tmp_path) as served, connect(served, tmp_path, COLLECTOR) as in_hand:
        body = begin(in_hand)
        with asking(served, context):
            for number in range(5):
                renew(served, tmp_path, f"renewed-{number}", context)
        in_hand.sendall(body)
        assert in_hand.recv(65_536).startswith(b"HTTP/1.1 201 ")


def renew(served: Served, folder: Path, name: str, context: ssl.SSLContext) -> None:
    """Renew the server's certificate, by way of half a renewal, which changes nothing."""
    before = shown_certificate(served, context)
    CA.for_loopback(name).save(folder, "new")
    (folder / "server.key").write_bytes((folder / "new.key").read_bytes())
    with structlog.testing.capture_logs() as lines:
        served.reload()
        eventually(lambda: any(line["event"] == "certificate_not_reloaded" for line in lines), wanted=True)
    assert shown_certificate(served, context) == before
    (folder / "server.pem").write_bytes((folder / "new.pem").read_bytes())
    served.reload()
    eventually(lambda: shown_certificate(served, context) != before, wanted=True)


@pytest.mark.parametrize("place", ["absent", "x" * 100])
def test_place_for_the_socket_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """There is no such folder, or its name is too long for a socket: said with what to do, before anything listens."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / place))
    if place != "absent":
        (tmp_path / place).mkdir()
    with pytest.raises(ConfigurationError, match="set TMPDIR"), gate(tmp_path):
        pass
