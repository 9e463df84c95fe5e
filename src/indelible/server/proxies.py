"""Who a request comes from when reverse proxies stand in front: believed from configured networks, from nobody else.

A header that says who the client is (``X-Forwarded-For``, ``Forwarded``, ``Client-Cert`` …) can be sent by anyone. From
a peer that is no trusted proxy such headers are taken off before anything can read them. From one that is, exactly one
header counts for the address, and in it the last address that is not itself a trusted proxy's: everything before that
was written by somebody unknown.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from indelible.config.addresses import Network, parse_network

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indelible.config import ProxySettings
    from indelible.server.asgi import Scope

__all__ = ["CLIENT_CERT", "CONNECTION_CERTIFICATE", "Proxies"]

CLIENT_CERT = b"client-cert"
"""RFC 9440. What of it reaches a route has been verified: by a trusted proxy whose word counts, or by our own TLS."""

CONNECTION_CERTIFICATE = "indelible.connection_certificate"
"""Where a scope holds the certificate of its connection, as RFC 9440 writes it, if our own TLS has verified one."""

_FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-real-ip",
        b"client-cert-chain",
    }
)
_CLAIMS = _FORWARDED | {CLIENT_CERT}
_MOST = 32  # addresses of one header that are looked at, from its end
_REMEMBERED = 4_096

_NODE = re.compile(
    r'"?(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+)|(?P<bare>[0-9A-Fa-f:]+(?::[0-9.]+)?))(?::[0-9]{1,5})?"?'
)
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s]*)', re.IGNORECASE)
_PROTO = re.compile(r'(?:^|;)\s*proto\s*=\s*"?(https?)"?', re.IGNORECASE)

Address = IPv4Address | IPv6Address


class Proxies:
    """Puts the real client into a request's scope."""

    def __init__(self, settings: ProxySettings) -> None:
        self._networks: tuple[Network, ...] = tuple(parse_network(text) for text in settings.trusted)
        self._header = settings.forwarded.encode()
        self._speaks_for_clients = settings.client_certificate
        self._removed = _FORWARDED if settings.client_certificate else _CLAIMS
        self._is_trusted = lru_cache(maxsize=_REMEMBERED)(self._look_up)

    def admit(self, scope: Scope) -> None:
        """Make ``client`` and ``scheme`` those of the client, and take off every header that claims to say so.

        A connection's own certificate becomes the header that a proxy would send. Only from a proxy that identifies its
        clients it does not: there it says who the proxy is, also for a client that has none.
        """
        headers = scope["headers"]
        certificate = scope.get(CONNECTION_CERTIFICATE)
        claims = not _CLAIMS.isdisjoint([name for name, _ in headers])
        if not claims and certificate is None:
            return
        client = scope.get("client")
        trusted = client is not None and self._is_trusted(client[0])
        if claims and not trusted:
            scope["headers"] = [header for header in headers if header[0] not in _CLAIMS]
        elif claims:
            self._believe(scope)
        if certificate is not None and not (trusted and self._speaks_for_clients):
            scope["headers"] = [*scope["headers"], (CLIENT_CERT, certificate)]

    def _believe(self, scope: Scope) -> None:
        """Take a trusted proxy's word."""
        headers, client = scope["headers"], scope["client"]
        values = [value.decode("latin-1") for name, value in headers if name == self._header]
        nodes = _nodes(values, forwarded=self._header == b"forwarded")
        scope["client"] = (self._client(nodes) or client[0], 0)
        scope["scheme"] = _scheme(headers, self._header, values) or scope["scheme"]
        scope["headers"] = [header for header in headers if header[0] not in self._removed]

    def _client(self, nodes: Sequence[str]) -> str | None:
        """The last of the nodes that is no trusted proxy; where one cannot be read, the one after it."""
        found = None
        for node in reversed(nodes[-_MOST:]):
            address = _address(node)
            if address is None:
                break
            found = str(address)
            if not self._is_trusted(found):
                break
        return found

    def _look_up(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _address(node: str) -> Address | None:
    """The address of a node, with or without a port; an IPv4 address in IPv6's clothes is the IPv4 address."""
    match = _NODE.fullmatch(node.strip())
    if match is None:
        return None
    try:
        address = ip_address(match["six"] or match["four"] or match["bare"])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _nodes(values: Sequence[str], *, forwarded: bool) -> list[str]:
    elements = [element for value in values for element in value.split(",")]
    if not forwarded:
        return elements
    found = (_FOR.search(element) for element in elements)
    return [match[1] if match else "" for match in found]


def _scheme(headers: Iterable[tuple[bytes, bytes]], header: bytes, values: Sequence[str]) -> str | None:
    """How the client spoke to the last proxy, if that says so."""
    if header == b"forwarded":
        match = _PROTO.search(values[-1].rpartition(",")[2]) if values else None
        return match[1].lower() if match else None
    said = [value.strip().lower() for name, value in headers if name == b"x-forwarded-proto"]
    return said[-1].decode() if said and said[-1] in {b"http", b"https"} else None
