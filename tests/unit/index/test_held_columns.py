"""Columns in memory, and the dictionaries that their numbers are of."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.held_columns import ALL_BLOCKS, Dictionary, TextColumn
from indelible.query.ast import Kind


@given(st.lists(st.integers(0, 9), min_size=1, max_size=400))
def test_column_has_its_rows_by_value(numbers: list[int]) -> None:
    """Each value's rows ascend, and are as many as are counted."""
    values, places = np.unique(np.array([0, *numbers], np.uint32), return_inverse=True)
    column = TextColumn.of(places[1:].astype(np.uint8), values, Dictionary(Kind.TEXT))
    for number in range(10):
        rows = [row for row, one in enumerate(numbers) if one == number]
        place = column.place(np.uint32(number))
        assert place == (values.tolist().index(number) if number in values else 0)
        if number in values:
            assert column.rows(place).tolist() == rows
            assert column.counts[place] == len(rows)


def test_column_of_a_segment_numbers_its_rows_in_two_bytes() -> None:
    """More would be half of what it takes in memory."""
    column = TextColumn.of(np.zeros(65_536, np.uint8), np.zeros(1, np.uint32), Dictionary(Kind.TEXT))
    assert column.by_place.dtype == np.uint16
    assert column.rows(0)[-1] == 65_535


def _column(dictionary: Dictionary, numbers: list[int]) -> TextColumn:
    """A column of as many entries, each with a value of its own."""
    places = np.arange(1, len(numbers) + 1, dtype=np.uint8)
    return TextColumn.of(places, np.array([0, *numbers], np.uint32), dictionary)


@pytest.mark.parametrize("last", [0, 29, 30, 1_000])
def test_size_of_a_dictionary_counts_the_sets_of_blocks(last: int) -> None:
    """A set is as long as the highest block in it, and each value has one of its own."""
    dictionary = Dictionary(Kind.TEXT)
    numbers = dictionary.add(f"value {at}" for at in range(100))
    dictionary.mark(_column(dictionary, numbers), last, last)
    texts = sum(map(sys.getsizeof, dictionary.values[1:]))
    sets = sum(sys.getsizeof(dictionary.blocks([number])) for number in numbers)
    assert dictionary.blocks([numbers[0]]) == 1 << last
    lists = sum(sys.getsizeof(bytes(8 * len(dictionary.entries(number) or ()))) for number in numbers)
    assert lists > 100 * 8
    assert texts + sets + lists <= dictionary.size
    assert dictionary.blocks([0]) == 0 != dictionary.blocks(numbers) & ALL_BLOCKS
