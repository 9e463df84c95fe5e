"""A Bloom filter over ids: ten bits an id, five of them set, so that one unknown id in a hundred passes.

Probe ``i`` of an id with hash ``h`` (:meth:`indelible.storage.posix.id_columns.Keys.hashes`) is the bit
``((h + i * (h >> 32 | 1)) mod 2^32) * bits >> 32``; bit ``b`` of the filter is bit ``b mod 8``, the lowest first, of
byte ``b // 8``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indelible.storage.posix.id_columns import U64, Int64

__all__ = ["PROBES", "bloom_add", "bloom_bits", "bloom_pass"]

PROBES = 5
_BITS_PER_ID = 10
_WORD = 64
_MASK = np.uint64(0xFFFF_FFFF)


def bloom_bits(count: int) -> int:
    """How many bits a filter over ``count`` ids has: a multiple of 64, below 2^32."""
    return max(1, -(-count * _BITS_PER_ID // _WORD)) * _WORD


def bloom_add(filter_: NDArray[np.uint8], hashes: U64) -> None:
    """Add ids to a filter."""
    for bits in _probes(hashes, len(filter_) * 8):
        np.bitwise_or.at(filter_, (bits >> np.uint64(3)).astype(np.int64), _masks(bits))


def bloom_pass(filter_: NDArray[np.uint8], hashes: U64) -> Int64:
    """The positions of the hashes whose ids may have been added; the others' have not."""
    passing = np.arange(len(hashes), dtype=np.int64)
    for probe in range(PROBES):
        bits = _probe(hashes[passing], probe, len(filter_) * 8)
        passing = passing[(filter_[(bits >> np.uint64(3)).astype(np.int64)] & _masks(bits)) != 0]
        if not passing.size:
            break
    return passing


def _probes(hashes: U64, bits: int) -> Iterator[U64]:
    return (_probe(hashes, probe, bits) for probe in range(PROBES))


def _probe(hashes: U64, probe: int, bits: int) -> U64:
    step = (hashes >> np.uint64(32)) | np.uint64(1)
    return (((hashes + np.uint64(probe) * step) & _MASK) * np.uint64(bits)) >> np.uint64(32)


def _masks(bits: U64) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (bits & np.uint64(7)).astype(np.uint8))
