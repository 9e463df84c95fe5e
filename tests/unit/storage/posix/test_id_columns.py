"""Ids as columns: split, sorted and found as a plain sorted list would, whatever the ids are."""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.storage.posix.bloom import bloom_add, bloom_bits, bloom_pass
from indelible.storage.posix.id_columns import insertion_points, keys_of, sort_order

if TYPE_CHECKING:
    from indelible.storage.posix.id_columns import U64, Int64

HALVES = st.one_of(st.integers(min_value=0, max_value=3), st.integers(min_value=0, max_value=2**64 - 1))
IDS = st.lists(
    st.tuples(HALVES, HALVES).map(lambda halves: halves[0].to_bytes(8) + halves[1].to_bytes(8)),
    max_size=60,
    unique=True,
)


def by_halves(id_: bytes) -> tuple[bytes, bytes]:
    return id_[8:], id_[:8]


@given(IDS)
def test_sort_order_is_low_half_then_high_half(ids: list[bytes]) -> None:
    """As a sorted list of pairs."""
    order = sort_order(keys_of(ids))
    assert [ids[position] for position in order.tolist()] == sorted(ids, key=by_halves)


@given(IDS, IDS)
def test_insertion_points_are_those_of_bisection(ids: list[bytes], wanted: list[bytes]) -> None:
    """Each one by itself and all at once give the same."""
    ids.sort(key=by_halves)
    found = insertion_points(keys_of(ids), keys_of(wanted))
    assert found.tolist() == [bisect_left(ids, by_halves(id_), key=by_halves) for id_ in wanted]


class Counting:
    """A column that counts how often it is read."""

    def __init__(self, column: U64) -> None:
        self.column = column
        self.reads = 0

    def __getitem__(self, positions: Int64) -> U64:
        self.reads += 1
        return self.column[positions]


def test_insertion_points_take_few_steps_when_all_ids_share_their_low_half() -> None:
    """Whoever chooses ids so gets no more than a logarithm of steps: each step reads each wanted id's middle once."""
    count = 1 << 14
    keys = keys_of([high.to_bytes(8) + bytes(8) for high in range(count)])
    counting = Counting(keys.high)
    object.__setattr__(keys, "high", counting)
    wanted = keys_of([high.to_bytes(8) + bytes(8) for high in range(0, count, 5)])
    assert insertion_points(keys, wanted).tolist() == list(range(0, count, 5))
    assert 0 < counting.reads <= 15


def test_keys_of_many_ids_keep_their_order() -> None:
    """Ids are joined some thousands at a time; none is lost or moved between."""
    random = Random(1)
    ids = [random.randbytes(16) for _ in range(20_000)]
    keys = keys_of(dict.fromkeys(ids))
    assert keys.high.astype(">u8").tobytes() == b"".join(id_[:8] for id_ in ids)
    assert keys.low.astype(">u8").tobytes() == b"".join(id_[8:] for id_ in ids)


@pytest.mark.parametrize("count", [1, 6, 7, 64, 1_000])
def test_bloom_filter_passes_what_was_added(count: int) -> None:
    """Never a false no; few false yeses."""
    random = Random(count)
    added = keys_of([random.randbytes(16) for _ in range(count)]).hashes()
    others = keys_of([random.randbytes(16) for _ in range(5_000)]).hashes()
    filter_ = np.zeros(bloom_bits(count) // 8, dtype=np.uint8)
    assert bloom_pass(filter_, others).size == 0
    bloom_add(filter_, added)
    assert bloom_pass(filter_, added).tolist() == list(range(count))
    assert bloom_pass(filter_, others).size < 150
    assert bloom_pass(filter_, others[:0]).size == 0


def test_bloom_filter_mixes_ids_that_count_upwards() -> None:
    """Ids of a poor generator fill the filter no worse than random ones."""
    ids = [(7).to_bytes(8) + number.to_bytes(8) for number in range(20_000)]
    filter_ = np.zeros(bloom_bits(10_000) // 8, dtype=np.uint8)
    bloom_add(filter_, keys_of(ids[:10_000]).hashes())
    assert bloom_pass(filter_, keys_of(ids[10_000:]).hashes()).size < 300


@pytest.mark.parametrize("count", [0, 1, 6, 7, 2**28])
def test_bloom_bits_are_whole_words_below_32_bits(count: int) -> None:
    """Ten bits an id, in words of 64."""
    assert bloom_bits(count) % 64 == 0
    assert max(64, 10 * count) <= bloom_bits(count) < min(2**32, 10 * count + 65)
