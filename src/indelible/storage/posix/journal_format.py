r"""The journal's segment files as bytes. Pure: files are read and written elsewhere.

A segment is named ``<first index, 20 decimal digits>.journal``. All numbers are little-endian; CRC is CRC-32C
(Castagnoli). It begins with a header of 24 bytes:

======  ====  ==========================================================
offset  size  field
======  ====  ==========================================================
0       8     magic, ``f7 'i' 'n' 'd' 'l' 'j' 'r' 'n'``
8       4     version, 1
12      8     index of the first entry, as in the name
20      4     CRC of bytes ``[0, 20)``
======  ====  ==========================================================

Groups follow without gaps up to the end of the file, each holding one or more entries with consecutive indices. A group
is what one append wrote; it counts as a whole or not at all:

======  ====  ==========================================================
offset  size  field
======  ====  ==========================================================
0       4     magic, ``f7 'g' 'r' 'p'``
4       8     index of the first entry: the one after the last group's
12      4     count *n* of entries, at least 1
16      8     length of the body
24      4     CRC of the table
28      4     CRC of bytes ``[0, 28)``
32      4 n   table: the length of each entry,
32+4n   4 n   and the CRC of each entry
32+8n         body: the entries, one after another
======  ====  ==========================================================

The byte ``f7`` occurs nowhere in UTF-8, so no record of the log can contain something that looks like a group.

What a crash may do to the last group, and how that is told from damage: :mod:`indelible.storage.posix.journal_scan`.

>>> group = encode_group(7, [b"first", b"second"])
>>> header = GroupHeader.parse(group[:GROUP_HEADER_SIZE])
>>> header.first_index, header.count, header.size == len(group)
(7, 2, True)
>>> header.split(group[GROUP_HEADER_SIZE:])
[b'first', b'second']
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "GROUP_HEADER_SIZE",
    "GROUP_MAGIC",
    "MAX_BODY",
    "MAX_COUNT",
    "SEGMENT_HEADER_SIZE",
    "GroupError",
    "GroupHeader",
    "encode_group",
    "encode_segment_header",
    "group_prefix",
    "parse_segment_header",
    "parse_segment_name",
    "segment_name",
]

SEGMENT_HEADER_SIZE = 24
GROUP_HEADER_SIZE = 32
GROUP_MAGIC = b"\xf7grp"
MAX_COUNT = 1 << 20
"""Entries of one group. Far beyond what is ever sent at once; it bounds what a reader has to believe."""
MAX_BODY = 1 << 30
"""Bytes of the entries of one group."""

_SEGMENT_MAGIC = b"\xf7indljrn"
_SEGMENT = struct.Struct("<8sIQ")
_GROUP = struct.Struct("<4sQIQI")
_PREFIX = struct.Struct("<4sQ")
_CRC = struct.Struct("<I")
_VERSION = 1
_NAME = re.compile(r"([0-9]{20})\.journal")


class GroupError(ValueError):
    """Bytes that are not a group; ``start`` and ``end`` say which, counted from the group's first byte."""

    def __init__(self, detail: str, start: int, end: int) -> None:
        super().__init__(detail)
        self.start = start
        self.end = end


def segment_name(first_index: int) -> str:
    """The file name of the segment that begins with this entry; names sort as indices do."""
    return f"{first_index:020d}.journal"


def parse_segment_name(name: str) -> int | None:
    """The first index of a segment, or ``None`` for a name that is not a segment's."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found and int(found[1]) < 1 << 63 else None


def encode_segment_header(first_index: int) -> bytes:
    """The first bytes of a segment."""
    head = _SEGMENT.pack(_SEGMENT_MAGIC, _VERSION, first_index)
    return head + _CRC.pack(google_crc32c.value(head))


def parse_segment_header(data: bytes) -> int:
    """The first index of the segment that begins with these bytes.

    Raises:
        ValueError: no segment begins with them.
    """
    if len(data) < SEGMENT_HEADER_SIZE:
        raise ValueError(f"it ends within the header, after {len(data)} bytes")
    _, version, first_index = _SEGMENT.unpack_from(data)
    if data[:SEGMENT_HEADER_SIZE] != encode_segment_header(first_index):
        known = data.startswith(_SEGMENT_MAGIC) and version != _VERSION
        raise ValueError(f"a journal of version {version}, which is unknown here" if known else "its header is wrong")
    return int(first_index)


def encode_group(first_index: int, entries: Sequence[bytes]) -> bytes:
    """The bytes of one group of ``[1, MAX_COUNT]`` entries."""
    count = len(entries)
    numbers = struct.Struct(f"<{count}I")
    lengths = list(map(len, entries))
    table = numbers.pack(*lengths) + numbers.pack(*map(google_crc32c.value, entries))
    head = _GROUP.pack(GROUP_MAGIC, first_index, count, sum(lengths), google_crc32c.value(table))
    return b"".join((head, _CRC.pack(google_crc32c.value(head)), table, *entries))


def group_prefix(first_index: int) -> bytes:
    """What a group that begins with this entry begins with."""
    return _PREFIX.pack(GROUP_MAGIC, first_index)


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """The fixed part of a group, its checksum verified."""

    first_index: int
    count: int
    body_length: int
    table_crc: int

    @classmethod
    def parse(cls, data: bytes) -> GroupHeader:
        """Read the first :data:`GROUP_HEADER_SIZE` bytes of a group.

        Raises:
            GroupError: no group begins with them.
        """
        if len(data) < GROUP_HEADER_SIZE:
            raise GroupError("it ends within the header of a group", len(data), GROUP_HEADER_SIZE)
        magic, first_index, count, body_length, table_crc = _GROUP.unpack_from(data)
        if (
            magic != GROUP_MAGIC
            or _CRC.pack(google_crc32c.value(data[: _GROUP.size])) != data[_GROUP.size : GROUP_HEADER_SIZE]
        ):
            raise GroupError("the header of a group is wrong", 0, GROUP_HEADER_SIZE)
        if not (1 <= count <= MAX_COUNT and body_length <= MAX_BODY and first_index + count < 1 << 63):
            raise GroupError("the header of a group names sizes beyond all bounds", 0, GROUP_HEADER_SIZE)
        return cls(first_index, count, body_length, table_crc)

    @property
    def end_index(self) -> int:
        """The index after the group's last entry."""
        return self.first_index + self.count

    @property
    def size(self) -> int:
        """The bytes of the whole group, header included."""
        return GROUP_HEADER_SIZE + 8 * self.count + self.body_length

    def split(self, rest: bytes) -> list[bytes]:
        """The entries, out of the ``size - GROUP_HEADER_SIZE`` bytes that follow the header, every one checked.

        Raises:
            GroupError: they are not what was written; names the first bad bytes.
        """
        body = GROUP_HEADER_SIZE + 8 * self.count
        if len(rest) < self.size - GROUP_HEADER_SIZE:
            raise GroupError("it ends within a group", GROUP_HEADER_SIZE + len(rest), self.size)
        if google_crc32c.value(rest[: 8 * self.count]) != self.table_crc:
            raise GroupError("the table of a group is wrong", GROUP_HEADER_SIZE, body)
        numbers = struct.unpack_from(f"<{2 * self.count}I", rest)
        bounds = list(accumulate(numbers[: self.count], initial=8 * self.count))
        if bounds[-1] != len(rest):
            raise GroupError("the lengths of a group do not add up", GROUP_HEADER_SIZE, body)
        entries = [rest[start:end] for start, end in pairwise(bounds)]
        if tuple(map(google_crc32c.value, entries)) != numbers[self.count :]:
            position = next(
                i for i, entry in enumerate(entries) if google_crc32c.value(entry) != numbers[self.count + i]
            )
            raise GroupError(
                f"entry {self.first_index + position} is not what was written",
                GROUP_HEADER_SIZE + bounds[position],
                GROUP_HEADER_SIZE + bounds[position + 1],
            )
        return entries
