"""Keys of addresses: in the order of the addresses, each version of IP by itself."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.addresses import address_key, network_keys

addresses = st.ip_addresses()
networks = st.builds(
    lambda address, bits: ipaddress.ip_network((address, min(bits, address.max_prefixlen)), strict=False),
    addresses,
    st.integers(0, 128),
)


@given(addresses, networks)
def test_address_key_lies_within_its_networks_only(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> None:
    """A network is a range of keys; those of the other version lie outside of it."""
    first, last = network_keys(network)
    key = address_key(str(address))
    assert key is not None
    assert (first <= key <= last) == (address in network)


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "::ffff:0:0/96"])
def test_address_key_tells_versions_apart(network: str) -> None:
    """An IPv4 address written as IPv6 is an IPv6 address, also to the widest network."""
    first, last = network_keys(ipaddress.ip_network(network))
    for text in ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"):
        key = address_key(text)
        assert key is not None
        assert (first <= key <= last) == (ipaddress.ip_address(text) in ipaddress.ip_network(network))


@pytest.mark.parametrize("text", ["", "ada", "10.0.0", "10.0.0.1/8", "::1%eth0x%"])
def test_address_key_of_what_is_no_address_is_none(text: str) -> None:
    """What cannot be read has no place in the order."""
    assert address_key(text) is None
