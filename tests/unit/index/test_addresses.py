"""Keys of addresses: in the order of the addresses, each version of IP by itself."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indelible.config import IndexSettings
from indelible.index.addresses import address_key, network_keys
from indelible.index.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

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


_octets = st.sampled_from(
    ["0", "00", "1", "01", "9", "10", "99", "100", "199", "200", "249", "250", "255", "256", "300", ""]
)


def test_database_makes_the_same_keys(tmp_path: Path) -> None:
    """Whatever the text."""
    database = open_database([tmp_path], tmp_path, IndexSettings())

    @given(st.lists(st.one_of(addresses.map(str), st.lists(_octets, min_size=3, max_size=5).map(".".join), st.text())))
    @example(["255.255.255.255", "1.2.3.4\n", " 1.2.3.4", "\u0661.2.3.4", "1.2.3.4.", "1.2.3.+4"])
    def hold(texts: list[str]) -> None:
        rows = database.execute("SELECT ip_key(text) FROM unnest(?::VARCHAR[]) AS texts(text)", [texts]).fetchall()
        assert rows == [(address_key(text),) for text in texts]
        assert database.execute("SELECT ip_key(NULL)").fetchall() == [(None,)]

    hold()


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
