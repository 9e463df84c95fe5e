"""TLS of the server's own, certificates that are renewed while it serves, and clients behind a proxy."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509

from indelible.config import CertificateIdentity, Configuration, ProxySettings, TlsSettings
from indelible.errors import ConfigurationError
from indelible.server import TlsFiles
from tests.certificates import Authority, Issued
from tests.e2e.http.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.http.serving import Served

CA = Authority()
EVENT = {"action": "thing.done", "actor": {"type": "user", "id": "ada"}}


def trusting(folder: Path, client: Issued | None = None) -> ssl.SSLContext:
    """What a client needs to speak to servers with certificates of ours."""
    (folder / "ca.pem").write_bytes(CA.root.pem)
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    if client is not None:
        context.load_cert_chain(*client.save(folder, "client"))
    return context


def files(folder: Path, *, version: str = "1.2", client_ca: str = "") -> TlsFiles:
    CA.for_loopback().save(folder, "server")
    settings = TlsSettings(certificate="server.pem", key="server.key", minimum_version=version, client_ca=client_ca)
    tls = TlsFiles.from_settings(settings, folder)
    assert tls is not None
    return tls


def shown_certificate(served: Served, context: ssl.SSLContext) -> bytes:
    """The certificate that a new connection gets."""
    host, port = served.url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        return tls.getpeercert(binary_form=True) or b""


def test_tls_carries_appends_and_says_so(tmp_path: Path) -> None:
    """The whole API over TLS; browsers are told to stay with it."""
    with serving(tmp_path, tls=files(tmp_path)) as served:
        assert served.url.startswith("https://")
        with served.client("admin", verify=trusting(tmp_path)) as client:
            assert client.post("/v1/logs/main/events", json=EVENT).status_code == 201
            answer = client.get("/v1/logs")
            assert answer.headers["strict-transport-security"].startswith("max-age=")
            assert "indelible_tls_certificate_expiry_timestamp_seconds" in client.get("/metrics").text
        with served.client("admin", verify=True) as stranger, pytest.raises(httpx.ConnectError):
            stranger.get("/healthz")


@pytest.mark.parametrize(("minimum", "offered", "spoken"), [("1.2", "1.2", True), ("1.3", "1.2", False)])
def test_tls_speaks_no_older_version_than_configured(tmp_path: Path, minimum: str, offered: str, spoken: bool) -> None:
    """TLS 1.2 where it is allowed, and only there."""
    context = trusting(tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(tmp_path, tls=files(tmp_path, version=minimum)) as served:
        if spoken:
            assert shown_certificate(served, context)
        else:
            with pytest.raises(ssl.SSLError):
                shown_certificate(served, context)


def test_tls_demands_client_certificates_of_its_authority(tmp_path: Path) -> None:
    """With a client authority nobody gets in without a certificate of it, whatever keys they have."""
    tls = files(tmp_path, client_ca="clients.pem")
    clients = Authority("clients")
    (tmp_path / "clients.pem").write_bytes(clients.root.pem)
    with serving(tmp_path, tls=tls) as served:
        with served.client("admin", verify=trusting(tmp_path, clients.issue("ada"))) as client:
            assert client.get("/healthz").status_code == 200
        for bad in (None, Authority("others").issue("ada")):
            with served.client("admin", verify=trusting(tmp_path, bad)) as client, pytest.raises(httpx.HTTPError):
                client.get("/healthz")


def test_tls_takes_a_renewed_certificate_without_a_pause(tmp_path: Path) -> None:
    """New connections get it, those that are open go on, and one that does not fit changes nothing."""
    with serving(tmp_path, tls=files(tmp_path)) as served, served.client("admin", verify=trusting(tmp_path)) as client:
        before = shown_certificate(served, trusting(tmp_path))
        client.get("/healthz")
        CA.for_loopback("another").save(tmp_path, "other")
        (tmp_path / "server.key").write_bytes((tmp_path / "other.key").read_bytes())
        served.reload()  # half a renewal: the key without its certificate
        assert client.get("/healthz").status_code == 200
        assert shown_certificate(served, trusting(tmp_path)) == before
        (tmp_path / "server.pem").write_bytes((tmp_path / "other.pem").read_bytes())
        served.reload()
        deadline = time.monotonic() + 30
        shown = before
        while shown == before:
            assert time.monotonic() < deadline
            with suppress(ssl.SSLEOFError, ConnectionResetError):  # the old listener ended within the handshake
                shown = shown_certificate(served, trusting(tmp_path))
        assert client.get("/healthz").status_code == 200


def test_tls_refuses_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Each with what is wrong: before anything listens, not at the first handshake."""
    tls = files(tmp_path)
    facts = tls.check()
    assert facts.names == ("127.0.0.1",)
    tls.key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod o="):
        tls.check()
    tls.key.chmod(0o640)
    tls.check()
    CA.for_loopback().save(tmp_path, "other")
    tls.certificate.write_bytes((tmp_path / "other.pem").read_bytes())
    with pytest.raises(ConfigurationError, match="not a certificate and its unencrypted key"):
        tls.check()
    tls.key.unlink()
    with pytest.raises(ConfigurationError, match=r"server\.key: No such file"):
        tls.check()


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """A server that trusts what the loopback interface says about clients."""
    name = "dns:collector.example"
    return Configuration(
        proxy=ProxySettings(trusted=("127.0.0.1/32",), client_certificate=True),
        certificates={name: CertificateIdentity(name=name, grants=("writer:main",))},
    )


def test_certificate_from_a_trusted_proxy_writes_without_a_secret(tmp_path: Path, behind_proxy: Configuration) -> None:
    """What it may is what is configured for it, and its records name it."""
    header = {"Client-Cert": CA.issue("x", names=[x509.DNSName("collector.example")]).rfc9440}
    with serving(tmp_path, configuration=behind_proxy) as served, served.client(None) as client:
        answer = client.post("/v1/logs/main/events", json=EVENT, headers=header)
        assert answer.status_code == 201
        assert client.get("/v1/logs/main/events/0", headers=header).status_code == 403
        assert client.post("/v1/logs/main/events", json=EVENT).status_code == 401
        stranger = {"Client-Cert": CA.issue("x").rfc9440}
        assert client.post("/v1/logs/main/events", json=EVENT, headers=stranger).status_code == 401
        elsewhere = {**header, "Sec-Fetch-Site": "cross-site"}  # a browser whom a page of another site made ask
        assert client.post("/v1/logs/main/events", json=EVENT, headers=elsewhere).status_code == 403
        # A bearer token counts before the certificate.
        both = {**header, "Authorization": f"Bearer {served.secrets['reader']}"}
        assert client.get("/v1/logs/main/events/0", headers=both).json()["principal"] == (
            "certificate:dns:collector.example"
        )


def test_certificate_from_anybody_else_is_nothing(tmp_path: Path) -> None:
    """The header alone, without a configured proxy, opens no door."""
    header = {"Client-Cert": CA.issue("x", names=[x509.DNSName("collector.example")]).rfc9440}
    with serving(tmp_path) as served, served.client(None) as client:
        assert client.post("/v1/logs/main/events", json=EVENT, headers=header).status_code == 401
