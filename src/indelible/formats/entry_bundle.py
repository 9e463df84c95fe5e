"""C2SP tlog-tiles, "Log entries": up to 256 entries, each after its length in two bytes, big-endian.

Entry ``i`` of bundle ``n`` has the leaf hash ``i`` of the tile ``n`` at level 0, which has the same width. The path is
``tile/entries/<n>[.p/<width>]``. No compression here: hashes are over the plain bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from indelible.errors import FormatError, TooLarge
from indelible.formats.tile import TILE_WIDTH
from indelible.formats.tile_path import MAX_TILE_INDEX, path_element, split_path_element

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_BUNDLE_BYTES",
    "MAX_ENTRY",
    "BundlePath",
    "bundle_path",
    "decode",
    "decode_prefix",
    "encode",
    "parse_bundle_path",
]

MAX_ENTRY: Final = 65_535
"""Bytes of the largest entry."""

MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY)
"""Bytes of the largest bundle: what a reader must be ready for, and may refuse to exceed."""

_PREFIX: Final = "tile/entries/"


class BundlePath(NamedTuple):
    """What the path of an entry bundle says: its number, and how many entries it holds."""

    number: int
    width: int


def bundle_path(number: int, width: int) -> str:
    """The path of bundle ``number`` below the log's prefix, when it holds ``width`` entries, in ``[1, 256]``.

    Raises:
        FormatError: out of range.
    """
    if not (0 <= number <= MAX_TILE_INDEX and 0 < width <= TILE_WIDTH):
        raise FormatError(f"there is no entry bundle {number} of {width} entries")
    return _PREFIX + path_element(number, width)


def parse_bundle_path(path: str) -> BundlePath:
    """Read the path of an entry bundle.

    Raises:
        FormatError: it is none, or spelt in another way than :func:`bundle_path` would.
    """
    if not path.startswith(_PREFIX):
        raise FormatError(f"not the path of an entry bundle: {path[:80]!r}")
    return BundlePath(*split_path_element(path.removeprefix(_PREFIX)))


def encode(entries: Sequence[bytes]) -> bytes:
    """The bundle of 1 to 256 entries.

    Raises:
        FormatError: none, or more.
        TooLarge: an entry has more than 65,535 bytes.
    """
    if not 0 < len(entries) <= TILE_WIDTH:
        raise FormatError(f"an entry bundle holds 1 to {TILE_WIDTH} entries, not {len(entries)}")
    parts: list[bytes] = []
    append = parts.append
    try:
        for entry in entries:
            append(len(entry).to_bytes(2, "big"))
            append(entry)
    except OverflowError as error:
        raise TooLarge(f"an entry has at most {MAX_ENTRY} bytes", limit=MAX_ENTRY) from error
    return b"".join(parts)


def decode(data: bytes, count: int) -> list[bytes]:
    """The entries of a bundle, which must be exactly ``count``.

    Raises:
        FormatError: it holds fewer or more, or ends within one.
    """
    entries, end = _read(data, count)
    if end != len(data):
        raise FormatError(f"an entry bundle of {count} entries ends after {end} bytes, not {len(data)}")
    return entries


def decode_prefix(data: bytes, count: int) -> list[bytes]:
    """The first ``count`` entries of a bundle that may hold more: a full one, fetched in place of a partial one.

    Raises:
        FormatError: it holds fewer, or ends within one.
    """
    entries, end = _read(data, count)
    if end > len(data):
        raise FormatError(f"an entry bundle ends within entry {count - 1}")
    return entries


def _read(data: bytes, count: int) -> tuple[list[bytes], int]:
    """``count`` entries and where the last one ends, which may lie beyond the data: slices do not complain."""
    if not 0 < count <= TILE_WIDTH:
        raise FormatError(f"an entry bundle holds 1 to {TILE_WIDTH} entries, not {count}")
    entries: list[bytes] = []
    append = entries.append
    end = 0
    try:
        for _ in range(count):
            start = end + 2
            end = start + (data[end] << 8 | data[start - 1])
            append(data[start:end])
    except IndexError as error:
        raise FormatError(f"an entry bundle ends before entry {len(entries)} of {count}") from error
    return entries, end
