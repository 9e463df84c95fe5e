"""Looking for bytes: nothing is missed, wherever it stands and whatever it consists of."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.byte_search import ByteSearch

alphabet = st.sampled_from(
    [b"a", b"A", b"z", b"Z", b"q", b"@", b"`", b"[", b"{", b"\x00", b" ", b"\xc3", b"\xe3", b"1"]
)
some_bytes = st.lists(alphabet, max_size=60).map(b"".join)


@given(some_bytes, st.lists(alphabet, min_size=1, max_size=9).map(b"".join), st.binary(max_size=5))
def test_byte_search_misses_nothing(data: bytes, wanted: bytes, before: bytes) -> None:
    """Every place where the bytes stand, capitals or not, at any alignment; and only such as differ by one bit."""
    wanted = wanted.lower()
    data = before + data + wanted.upper() + data
    places = set(ByteSearch(wanted).places(data).tolist())
    assert places >= {match.start() for match in re.finditer(b"(?=" + re.escape(wanted) + b")", data.lower())}
    folded = bytes(byte | 0x20 for byte in wanted)
    assert all(bytes(byte | 0x20 for byte in data[at : at + len(wanted)]) == folded for at in places)


@pytest.mark.parametrize("wanted", [b"x", b"xy", b"xyz", b"longer than the data"])
def test_byte_search_of_short_data_finds_nothing(wanted: bytes) -> None:
    """Data shorter than what is looked for is no error."""
    for data in (b"", b"q", b"qq", b"qqq"):
        assert len(ByteSearch(wanted).places(data)) == 0


def test_byte_search_takes_memory_for_what_it_reads_only() -> None:
    """Not for each place times the length of what is looked for, whatever somebody has written and looks for."""
    data = b"a" * 100_000
    search = ByteSearch(b"a" * 4_000)
    tracemalloc.start()
    places = search.places(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(places.tolist()) == set(range(100_000 - 4_000 + 1))
    assert peak < 100 * len(data)
