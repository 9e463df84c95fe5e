"""The bytes of the journal: fixed, and read back only as they were written."""

from __future__ import annotations

import doctest
import struct

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.storage.posix import journal_format
from indelible.storage.posix.journal_format import (
    GROUP_HEADER_SIZE,
    SEGMENT_HEADER_SIZE,
    GroupError,
    GroupHeader,
    encode_group,
    encode_segment_header,
    group_prefix,
    parse_segment_header,
    parse_segment_name,
    segment_name,
)

INDICES = st.integers(min_value=0, max_value=2**63 - 2**21)


def test_journal_format_docstring_runs() -> None:
    """The example in the format's description is true."""
    assert doctest.testmod(journal_format).failed == 0


def test_journal_format_has_these_bytes() -> None:
    """Another program must be able to read what this one writes: the layout of the docstring, written out."""
    head = b"\xf7indljrn" + (1).to_bytes(4, "little") + (7).to_bytes(8, "little")
    assert encode_segment_header(7) == head + google_crc32c.value(head).to_bytes(4, "little")
    # CRC-32C of "123456789", RFC 3720 and everywhere
    assert google_crc32c.value(b"123456789") == 0xE3069283
    table = struct.pack("<IIII", 9, 1, 0xE3069283, google_crc32c.value(b"x"))
    head = b"\xf7grp" + struct.pack("<QIQI", 7, 2, 10, google_crc32c.value(table))
    crc = google_crc32c.value(head).to_bytes(4, "little")
    assert encode_group(7, [b"123456789", b"x"]) == head + crc + table + b"123456789x"


@given(INDICES, st.lists(st.binary(max_size=100), min_size=1, max_size=50))
def test_group_round_trips(first_index: int, entries: list[bytes]) -> None:
    """A group read back is the group that was written."""
    data = encode_group(first_index, entries)
    header = GroupHeader.parse(data)
    assert (header.first_index, header.end_index) == (first_index, first_index + len(entries))
    assert header.size == len(data)
    assert header.split(data[GROUP_HEADER_SIZE:]) == entries
    assert data.startswith(group_prefix(first_index))


@given(INDICES, st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.data())
def test_group_with_a_flipped_bit_is_refused(first_index: int, entries: list[bytes], data: st.DataObject) -> None:
    """No single flipped bit passes, and the error's place holds it."""
    group = bytearray(encode_group(first_index, entries))
    bit = data.draw(st.integers(min_value=0, max_value=8 * len(group) - 1))
    group[bit // 8] ^= 1 << bit % 8
    with pytest.raises(GroupError) as caught:
        GroupHeader.parse(bytes(group)).split(bytes(group[GROUP_HEADER_SIZE:]))
    assert caught.value.start <= bit // 8 < caught.value.end


@pytest.mark.parametrize(
    ("first_index", "count", "body"), [(0, 0, 0), (0, 2**20 + 1, 0), (0, 1, 2**30 + 1), (2**63 - 1, 1, 1)]
)
def test_group_with_sizes_beyond_bounds_is_refused(first_index: int, count: int, body: int) -> None:
    """A checksum that is right does not make sizes believable: they are bounded before anything is read."""
    head = b"\xf7grp" + struct.pack("<QIQI", first_index, count, body, 0)
    with pytest.raises(GroupError):
        GroupHeader.parse(head + google_crc32c.value(head).to_bytes(4, "little"))


def test_group_whose_lengths_do_not_add_up_is_refused() -> None:
    """Even under a table's good checksum."""
    table = struct.pack("<II", 2, google_crc32c.value(b"x"))
    head = b"\xf7grp" + struct.pack("<QIQI", 0, 1, 1, google_crc32c.value(table))
    data = head + google_crc32c.value(head).to_bytes(4, "little") + table + b"x"
    with pytest.raises(GroupError):
        GroupHeader.parse(data).split(data[GROUP_HEADER_SIZE:])


@given(st.binary(max_size=80))
def test_group_parser_takes_nothing_else(data: bytes) -> None:
    """Whatever the bytes are, the answer is a group's own bytes or a refusal."""
    try:
        header = GroupHeader.parse(data)
        entries = header.split(data[GROUP_HEADER_SIZE : header.size])
    except GroupError:
        return
    assert data.startswith(encode_group(header.first_index, entries))


@given(INDICES)
def test_segment_header_round_trips(first_index: int) -> None:
    """Header and name both say the first index."""
    assert parse_segment_header(encode_segment_header(first_index) + b"more") == first_index
    assert parse_segment_name(segment_name(first_index)) == first_index


def test_segment_header_with_a_flipped_bit_is_refused() -> None:
    """Any bit of it; and one that is cut short."""
    header = encode_segment_header(256)
    for bit in range(8 * SEGMENT_HEADER_SIZE):
        flipped = bytearray(header)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match=r"."):
            parse_segment_header(bytes(flipped))
    for length in range(SEGMENT_HEADER_SIZE):
        with pytest.raises(ValueError, match="within the header"):
            parse_segment_header(header[:length])


def test_segment_of_a_later_version_is_refused_by_its_version() -> None:
    """So that whoever goes back to an older program is told why."""
    head = b"\xf7indljrn" + (2).to_bytes(4, "little") + (7).to_bytes(8, "little")
    with pytest.raises(ValueError, match="version 2"):
        parse_segment_header(head + google_crc32c.value(head).to_bytes(4, "little"))


@pytest.mark.parametrize(
    "name", ["0.journal", f"{2**63}.journal", f"{0:020d}.journal2", f"{0:021d}.journal", "x" * 20 + ".journal", ""]
)
def test_segment_name_has_one_spelling(name: str) -> None:
    """Twenty digits, below 2^63."""
    assert parse_segment_name(name) is None
