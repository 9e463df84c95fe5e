"""The file of one run of the id index: which ids the entries ``[first, end)`` have, sorted. Pure.

A run is named ``<first>-<end>.ids``, both with 20 decimal digits, and holds exactly ``n = end - first`` ids. All
numbers are little-endian. A header of 256 bytes:

======  ====  ==================================================================================
offset  size  field
======  ====  ==================================================================================
0       8     magic, ``f7 'i' 'n' 'd' 'l' 'i' 'd' 's'``
8       4     version, 1
12      4     probes of the Bloom filter, 5
16      8     first
24      8     end
32      8     bits of the Bloom filter, a multiple of 64
40      8     the smallest high half of an id (:mod:`indelible.storage.posix.id_columns`)
48      8     the largest high half
56      32    SHA-256 of the low halves
88      32    SHA-256 of the high halves
120     32    SHA-256 of the indices
152     32    SHA-256 of the Bloom filter
184     68    zeros
252     4     CRC-32C of bytes ``[0, 252)``
======  ====  ==================================================================================

Then the columns: ``n`` low halves and ``n`` high halves of 8 bytes each, ``n`` indices of 4 bytes counted from
``first``, zeros up to a multiple of 8, and the Bloom filter (:mod:`indelible.storage.posix.bloom`). 21.25 bytes an id.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import google_crc32c

from indelible.storage.posix.bloom import PROBES, bloom_bits

__all__ = ["COLUMNS", "MAX_RUN", "RUN_HEADER_SIZE", "RunHeader", "parse_run_name", "run_name"]

RUN_HEADER_SIZE = 256
MAX_RUN = 1 << 28
"""More ids are never written into one run; indices take 32 bits and the filter's bits, too."""
COLUMNS = ("low", "high", "index", "bloom")

_MAGIC = b"\xf7indlids"
_HEAD = struct.Struct("<8sIIQQQQQ32s32s32s32s68x")
_CRC = struct.Struct("<I")
_VERSION = 1
_NAME = re.compile(r"([0-9]{20})-([0-9]{20})\.ids")


def run_name(first: int, end: int) -> str:
    """The file name of the run of the entries ``[first, end)``."""
    return f"{first:020d}-{end:020d}.ids"


def parse_run_name(name: str) -> tuple[int, int] | None:
    """``(first, end)`` of a run, or ``None`` for a name that is not a run's."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    first, end = int(found[1]), int(found[2])
    return (first, end) if first < end < 1 << 63 and end - first <= MAX_RUN else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """What the header says, and what follows from it."""

    first: int
    end: int
    smallest: int
    largest: int
    digests: tuple[bytes, ...]
    """SHA-256 of each of :data:`COLUMNS`."""

    @property
    def count(self) -> int:
        """How many ids there are."""
        return self.end - self.first

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """``(offset, length)`` in bytes of each of :data:`COLUMNS`."""
        count = self.count
        low = RUN_HEADER_SIZE
        high = low + 8 * count
        index = high + 8 * count
        bloom = index + -(-4 * count // 8) * 8
        return (low, 8 * count), (high, 8 * count), (index, 4 * count), (bloom, bloom_bits(count) // 8)

    @property
    def size(self) -> int:
        """The bytes of the whole file."""
        offset, length = self.spans[-1]
        return offset + length

    def encode(self) -> bytes:
        """The first :data:`RUN_HEADER_SIZE` bytes of the file."""
        head = _HEAD.pack(
            _MAGIC,
            _VERSION,
            PROBES,
            self.first,
            self.end,
            bloom_bits(self.count),
            self.smallest,
            self.largest,
            *self.digests,
        )
        return head + _CRC.pack(google_crc32c.value(head))

    @classmethod
    def parse(cls, data: bytes) -> RunHeader:
        """Read the first bytes of a run.

        Raises:
            ValueError: no run begins with them.
        """
        if len(data) < RUN_HEADER_SIZE:
            raise ValueError(f"it ends within the header, after {len(data)} bytes")
        _, version, _, first, end, _, smallest, largest, *digests = _HEAD.unpack_from(data)
        if not 0 < end - first <= MAX_RUN or end >= 1 << 63:
            raise ValueError("its header is wrong")
        header = cls(first=first, end=end, smallest=smallest, largest=largest, digests=tuple(digests))
        if header.encode() != data[:RUN_HEADER_SIZE]:
            known = data.startswith(_MAGIC) and version != _VERSION
            raise ValueError(
                f"an id run of version {version}, which is unknown here" if known else "its header is wrong"
            )
        return header
