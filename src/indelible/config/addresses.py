"""Addresses as the configuration writes them: where to listen, and networks."""

from __future__ import annotations

import ipaddress
import re

from indelible.errors import ConfigurationError

__all__ = ["DEFAULT_LISTEN", "Network", "parse_listen", "parse_network"]

DEFAULT_LISTEN = "127.0.0.1:8420"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PORT = re.compile(r"0|[1-9][0-9]{0,4}")


def parse_listen(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``; an IPv6 address stands in brackets.

    Raises:
        ConfigurationError: it is not of that form, or the port is beyond 65535.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not _PORT.fullmatch(port) or int(port) > 65_535 or (":" in host and not bracketed):
        raise ConfigurationError(f"{text!r} is not an address to listen on; write HOST:PORT, such as {DEFAULT_LISTEN}")
    return host.strip("[]"), int(port)


def parse_network(text: str) -> Network:
    """An address or a network: ``10.0.0.1``, ``10.0.0.0/8``, ``fd00::/8``.

    Raises:
        ConfigurationError: it is neither; a network with host bits set is taken for a mistake.
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a network; write one such as 10.0.0.0/8 or fd00::/8") from error
