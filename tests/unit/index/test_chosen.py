"""Rows that have been chosen: runs and arrays of them say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.chosen import NO_ROWS, clipped, indices_of, narrowed, remaining, taken, together

if TYPE_CHECKING:
    from indelible.index.chosen import Rows

SIZE = 70_000
"""More than two bytes can number."""

runs = st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(lambda ends: range(min(ends), max(ends)))
arrays = st.sets(st.integers(0, SIZE - 1), max_size=50).map(lambda rows: np.array(sorted(rows), np.uint32))
some_rows = st.one_of(runs, arrays)


def listed(rows: Rows) -> list[int]:
    return list(rows) if isinstance(rows, range) else rows.tolist()


@given(some_rows)
def test_rows_take_their_own_values(rows: Rows) -> None:
    assert taken(np.arange(SIZE), rows).tolist() == listed(rows)


@given(some_rows)
def test_rows_are_narrowed_to_those_that_pass(rows: Rows) -> None:
    assert listed(narrowed(rows, np.arange(SIZE), lambda values: values % 3 == 0)) == [
        row for row in listed(rows) if row % 3 == 0
    ]


@given(some_rows, st.builds(range, st.integers(-SIZE, 2 * SIZE), st.integers(-SIZE, 2 * SIZE)))
def test_rows_are_clipped_to_a_run(rows: Rows, run: range) -> None:
    """It may end before it begins or before the first row: nothing is left then, and not what such a slice would be."""
    left = clipped(rows, run)
    assert listed(left) == [row for row in listed(rows) if row in run]
    assert listed(together([left], SIZE)) == listed(left)
    assert not isinstance(left, range) or 0 <= left.start <= left.stop <= SIZE


@given(st.lists(some_rows, min_size=1, max_size=4))
def test_rows_together_are_each_there_once(some: list[Rows]) -> None:
    assert listed(together(some, SIZE)) == sorted({row for rows in some for row in listed(rows)})


@given(some_rows, st.integers(1, 5))
def test_rows_remain_that_are_not_among_the_others(rows: Rows, step: int) -> None:
    others = np.array(listed(rows)[::step], np.uint32)
    assert listed(remaining(rows, others, SIZE)) == sorted(set(listed(rows)) - set(others.tolist()))
    assert listed(remaining(rows, NO_ROWS, SIZE)) == listed(rows)


@pytest.mark.parametrize("rows", [range(65_530, 65_536), np.arange(65_530, 65_536, dtype=np.uint16), NO_ROWS])
def test_indices_are_beyond_what_numbers_rows(rows: Rows) -> None:
    """The numbers of a segment's rows take two bytes, and a log has more entries than that."""
    first = 5_000_000_000
    assert indices_of(rows, first).tolist() == [first + row for row in listed(rows)]
