"""Postings: of each value the entries that have it, as long as they are few."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.held_columns import Dictionary, TextColumn
from indelible.index.postings import MOST_LISTED, Postings
from indelible.query.ast import Kind

if TYPE_CHECKING:
    import pytest

_LENGTH = 100
_VALUES = 9
_SEGMENTS = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.integers(0, _VALUES), min_size=_LENGTH, max_size=_LENGTH)), max_size=8
)


def _column(numbers: list[int]) -> TextColumn:
    values, places = np.unique(np.array([0, *numbers], np.uint32), return_inverse=True)
    return TextColumn.of(places[1:].astype(np.uint8), values, Dictionary(Kind.TEXT))


def _postings() -> Postings:
    postings = Postings()
    for _ in range(_VALUES):
        postings.append()
    return postings


@given(_SEGMENTS)
def test_postings_are_the_entries_that_have_a_value(segments: list[tuple[int, list[int]]]) -> None:
    """In whichever order segments come; of one that is made anew, what was read last counts."""
    postings = _postings()
    entries: dict[int, int] = {}
    many: set[int] = set()
    for block, numbers in segments:
        first = block * _LENGTH
        postings.add(_column(numbers), first)
        entries |= dict(enumerate(numbers, first))
        for number in range(1, _VALUES + 1):
            having = [entry for entry, one in entries.items() if one == number]
            many |= {number} if len(having) > MOST_LISTED else set()
            found = postings.of(number)
            assert (None if found is None else sorted(found)) == (None if number in many else sorted(having))
    lists = (postings.of(number) for number in range(1, _VALUES + 1))
    assert sum(sys.getsizeof(bytes(8 * len(found))) for found in lists if found) <= postings.size


def test_postings_have_every_entry_while_a_segment_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others read them meanwhile, and hold the column that is replaced: for them nothing may be missing."""
    postings, numbers = _postings(), [1 + at % 3 for at in range(_LENGTH)]
    postings.add(_column([1, 2, 9, *[0] * (_LENGTH - 3)]), _LENGTH)
    postings.add(_column(numbers), 0)
    expected = [sorted(postings.of(number) or ()) for number in (1, 2, 3)]
    seen = 0
    put = Postings._put

    def watched(self: Postings, number: int, entries: bytes | None) -> None:
        nonlocal seen
        put(self, number, entries)
        seen += [sorted(postings.of(number) or ()) for number in (1, 2, 3)] == expected

    monkeypatch.setattr(Postings, "_put", watched)
    postings.add(_column(numbers), 0)
    assert seen == 3


def test_value_that_no_column_has_yet_has_no_entries() -> None:
    """It is in the dictionary before the column is."""
    assert _postings().of(_VALUES) == []
