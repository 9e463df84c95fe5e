"""Reverse proxies: believed from where they were configured, and from nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.config import ProxySettings
from indelible.server.proxies import CONNECTION_CERTIFICATE, Proxies

TRUSTED = ("10.0.0.0/8", "fd00::/8")


def admitted(
    *headers: tuple[str, str], peer: str = "10.0.0.1", forwarded: str = "x-forwarded-for", certificate: bool = False
) -> dict[str, Any]:
    """What is left of a request from ``peer`` through trusted proxies."""
    scope: dict[str, Any] = {
        "client": (peer, 1234),
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    settings = ProxySettings(trusted=TRUSTED, forwarded=forwarded, client_certificate=certificate)
    Proxies(settings).admit(scope)
    return scope


CLAIMS = [
    ("x-forwarded-for", "1.2.3.4"),
    ("forwarded", "for=1.2.3.4;proto=https"),
    ("x-forwarded-proto", "https"),
    ("x-real-ip", "1.2.3.4"),
    ("client-cert", ":AAAA:"),
    ("client-cert-chain", ":AAAA:"),
]


def test_proxies_take_every_claim_off_a_stranger() -> None:
    """Whatever anybody sends says nothing, and no route can read it by mistake."""
    scope = admitted(*CLAIMS, ("accept", "*/*"), peer="192.0.2.1", certificate=True)
    assert scope["client"] == ("192.0.2.1", 1234)
    assert scope["scheme"] == "http"
    assert scope["headers"] == [(b"accept", b"*/*")]


def test_proxies_trust_nobody_by_default() -> None:
    """Not even the loopback interface."""
    scope: dict[str, Any] = {
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "headers": [(b"x-forwarded-for", b"1.2.3.4")],
    }
    Proxies(ProxySettings()).admit(scope)
    assert scope["client"][0] == "127.0.0.1"
    assert scope["headers"] == []


def test_proxies_leave_a_plain_request_alone() -> None:
    """The headers are the same object: nothing was copied."""
    headers = [(b"accept", b"*/*")]
    scope: dict[str, Any] = {"client": ("10.0.0.1", 1), "scheme": "http", "headers": headers}
    Proxies(ProxySettings(trusted=TRUSTED)).admit(scope)
    assert scope["headers"] is headers


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["203.0.113.9, 192.0.2.7"], "192.0.2.7"),  # the first was made up by the client
        (["192.0.2.7, 10.1.1.1, 10.2.2.2"], "192.0.2.7"),
        (["192.0.2.7", "10.1.1.1"], "192.0.2.7"),  # two lines are one list
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, ::ffff:10.1.1.1"], "192.0.2.7"),
        (["10.3.3.3, 10.1.1.1"], "10.3.3.3"),  # all are proxies: the first of them
        (["192.0.2.7, nonsense, 10.1.1.1"], "10.1.1.1"),  # nothing beyond what cannot be read
        (["nonsense"], "10.0.0.1"),
        (["1.2.3.4.5"], "10.0.0.1"),
        ([""], "10.0.0.1"),
    ],
)
def test_proxies_believe_the_last_address_that_is_not_theirs(values: list[str], client: str) -> None:
    """Everything before it was written by somebody unknown."""
    assert admitted(*(("x-forwarded-for", value) for value in values))["client"][0] == client


@pytest.mark.parametrize(
    ("value", "client", "scheme"),
    [
        ("for=192.0.2.7;proto=https", "192.0.2.7", "https"),
        ('For="[2001:db8::1]:80";by=10.0.0.9', "2001:db8::1", "http"),
        ("for=203.0.113.9, for=192.0.2.7;proto=https", "192.0.2.7", "https"),
        ("for=unknown", "10.0.0.1", "http"),
        ("for=_hidden, for=10.1.1.1", "10.1.1.1", "http"),
        ("proto=https", "10.0.0.1", "https"),
        ("for=192.0.2.7;proto=gopher", "192.0.2.7", "http"),
    ],
)
def test_proxies_read_rfc_7239(value: str, client: str, scheme: str) -> None:
    """``Forwarded``, where that is the header that counts; the others are then taken off unread."""
    scope = admitted(
        ("forwarded", value), ("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), forwarded="forwarded"
    )
    assert (scope["client"][0], scope["scheme"]) == (client, scheme)
    assert scope["headers"] == []


def test_proxies_read_only_the_configured_header() -> None:
    """A client that sends the other one through a proxy that passes it on gains nothing."""
    assert admitted(("forwarded", "for=1.2.3.4"))["client"][0] == "10.0.0.1"


@pytest.mark.parametrize("certificate", [True, False])
def test_proxies_pass_a_certificate_on_only_when_configured(certificate: bool) -> None:
    """A proxy that does not verify certificates may pass on whatever a client says."""
    scope = admitted(("client-cert", ":AAAA:"), certificate=certificate)
    assert scope["headers"] == ([(b"client-cert", b":AAAA:")] if certificate else [])


@pytest.mark.parametrize("claims", [[], CLAIMS])
@pytest.mark.parametrize(
    ("peer", "speaks", "certificates"),
    [
        ("192.0.2.1", False, [b":OWN:"]),
        ("192.0.2.1", True, [b":OWN:"]),
        ("10.0.0.1", False, [b":OWN:"]),
        ("10.0.0.1", True, []),  # it identifies its clients: its own certificate says nothing about them
    ],
)
def test_proxies_take_a_connections_own_certificate(
    peer: str, claims: list[tuple[str, str]], certificates: list[bytes], *, speaks: bool
) -> None:
    """It takes the place of whatever the client claims, but where a proxy says whose the request is."""
    scope: dict[str, Any] = {
        "client": (peer, 1),
        "scheme": "https",
        "headers": [(name.encode(), value.encode()) for name, value in claims],
        CONNECTION_CERTIFICATE: b":OWN:",
    }
    Proxies(ProxySettings(trusted=TRUSTED, client_certificate=speaks)).admit(scope)
    wanted = [b":AAAA:"] if claims and not certificates else certificates
    assert [value for name, value in scope["headers"] if name == b"client-cert"] == wanted
