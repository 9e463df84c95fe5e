"""IP addresses as texts that sort like the addresses, so that a network is a range.

A key is the version of IP and the address in hexadecimal digits: ``4`` and 8 digits, or ``6`` and 32. The version comes
first, so that no network ever holds addresses of the other: ``::ffff:192.0.2.1`` is an IPv6 address, also here.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["address_key", "network_keys"]


def address_key(text: str) -> str | None:
    """The key of an address, or ``None`` for a text that is none."""
    try:
        return _key(ipaddress.ip_address(text))
    except ValueError:
        return None


def network_keys(network: IPv4Network | IPv6Network) -> tuple[str, str]:
    """The keys of the first and of the last address of a network."""
    return _key(network.network_address), _key(network.broadcast_address)


def _key(address: IPv4Address | IPv6Address) -> str:
    return f"{address.version}{int(address):0{address.max_prefixlen // 4}x}"
