"""Entry bundles: C2SP tlog-tiles, "Log entries"."""

from __future__ import annotations

import pytest

from indelible.errors import FormatError, TooLarge
from indelible.formats.entry_bundle import (
    MAX_BUNDLE_BYTES,
    MAX_ENTRY,
    BundlePath,
    bundle_path,
    decode,
    decode_prefix,
    encode,
    parse_bundle_path,
)
from tests.vectors.load import vectors

VECTORS = vectors("tiles")


def test_encode_writes_lengths_before_entries() -> None:
    """Two bytes, big-endian; an empty entry is an entry."""
    assert encode([b"a", b"", b"b" * 258]) == b"\x00\x01a" + b"\x00\x00" + b"\x01\x02" + b"b" * 258
    assert decode(encode([b""]), 1) == [b""]


def test_encode_takes_the_largest_bundle() -> None:
    """256 entries of 65,535 bytes are the most that a reader must be ready for."""
    data = encode([bytes(MAX_ENTRY)] * 256)
    assert len(data) == MAX_BUNDLE_BYTES
    assert decode(data, 256) == [bytes(MAX_ENTRY)] * 256


def test_encode_refuses_what_a_bundle_cannot_hold() -> None:
    """No entry, too many, or one too large."""
    with pytest.raises(FormatError, match="not 0"):
        encode([])
    with pytest.raises(FormatError, match="not 257"):
        encode([b""] * 257)
    with pytest.raises(TooLarge) as refused:
        encode([bytes(MAX_ENTRY + 1)])
    assert refused.value.limit == MAX_ENTRY


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01ab", b"\x00\x01a\x00", b"\x00\x01a\x00\x01b"]
)
def test_decode_refuses_bundles_that_do_not_end_with_their_entries(data: bytes) -> None:
    """Bytes missing or left over, within a length, within an entry, or after the last one."""
    with pytest.raises(FormatError):
        decode(data, 1)


@pytest.mark.parametrize("count", [-1, 0, 257])
def test_decode_refuses_counts_that_no_bundle_has(count: int) -> None:
    """1 to 256."""
    with pytest.raises(FormatError):
        decode(b"\x00\x00" * max(count, 0), count)


def test_decode_prefix_reads_the_beginning_of_a_fuller_bundle() -> None:
    """For a partial bundle the full one may stand in; what lies behind the prefix is not looked at."""
    data = encode([b"a", b"bc", b"d"])
    assert decode_prefix(data, 2) == [b"a", b"bc"]
    assert decode_prefix(data, 3) == [b"a", b"bc", b"d"]
    with pytest.raises(FormatError):
        decode_prefix(data, 4)
    with pytest.raises(FormatError):
        decode_prefix(data[:-1], 3)


def test_bundle_path_numbers_bundles_as_tiles_are_numbered() -> None:
    """The same spelling under ``tile/entries``."""
    for case in VECTORS["path_encoding"]:
        assert bundle_path(case["index"], 256) == f"tile/entries/{case['path_element']}"
        assert parse_bundle_path(f"tile/entries/{case['path_element']}.p/7") == BundlePath(case["index"], 7)


BEYOND = "tile/entries/x036/x028/x797/x018/x963/968"  # 2^55


@pytest.mark.parametrize(
    "path", [*VECTORS["bad_paths"], "", BEYOND, "tile/entries/", "tile/0/000", "tile/entries/000.p/256"]
)
def test_parse_bundle_path_refuses_every_other_spelling(path: str) -> None:
    """One URL for each resource."""
    with pytest.raises(FormatError):
        parse_bundle_path(path)


@pytest.mark.parametrize(("number", "width"), [(-1, 1), (2**55, 1), (0, 0), (0, 257)])
def test_bundle_path_refuses_what_no_log_has(number: int, width: int) -> None:
    """Numbers below 2^55, 1 to 256 entries."""
    with pytest.raises(FormatError):
        bundle_path(number, width)
