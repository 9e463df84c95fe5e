"""Grams: whatever holds a text holds its grams, however it is written and cut; others rarely hold them all."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.grams import OVERLAP, GramRows

grams = GramRows(16)
some_bytes = st.lists(st.sampled_from([b"a", b"Q", b"z", b"0", b"7", b"F", b"-", b"\x00", b"\xc3\xa9"])).map(b"".join)


def rows(data: bytes) -> set[int]:
    return set(np.concatenate(grams.of(data)).tolist())


@given(some_bytes, some_bytes, some_bytes)
def test_grams_of_a_text_are_grams_of_what_holds_it(before: bytes, text: bytes, after: bytes) -> None:
    """Also where it is written in other capitals."""
    for written in (text, text.upper(), text.lower()):
        assert rows(text.lower()) <= rows(before + written + after)


@given(some_bytes | st.binary(max_size=60), st.integers(1, 20))
def test_grams_are_the_same_piece_by_piece(data: bytes, size: int) -> None:
    """Pieces that overlap have the grams of the whole, and no others."""
    pieces = [data[at : at + size + OVERLAP] for at in range(0, len(data), size)]
    assert set().union(*map(rows, pieces)) == rows(data)


@given(st.binary(max_size=80))
def test_grams_take_rows_that_there_are(data: bytes) -> None:
    """Words after numbers, within the table."""
    words, numbers = grams.of(data)
    assert set(words.tolist()) <= set(range(1 << 16, grams.count))
    assert set(numbers.tolist()) <= set(range(1 << 16))


def test_grams_of_few_bytes_are_none() -> None:
    """Too short a text rules nothing out."""
    assert rows(b"") == rows(b"abc") == set()


def test_grams_of_words_take_all_digits_for_one() -> None:
    """Else numbers would fill the table. The letters among hexadecimal digits are letters."""
    (words, _), (others, _) = grams.of(b"user-123"), grams.of(b"user-980")
    assert words.tolist() == others.tolist()
    assert grams.of(b"beef")[0] != grams.of(b"bead")[0]


def test_grams_of_numbers_tell_hashes_apart() -> None:
    """Some hundreds of random hexadecimal texts: few have all of their grams among those of as many others."""
    random = np.random.default_rng(1)
    there, absent = ([random.bytes(16).hex().encode() for _ in range(500)] for _ in range(2))
    held = rows(b'"'.join(there))
    assert all(rows(text) <= held for text in there)
    assert sum(rows(text) <= held for text in absent) < 50


def test_grams_take_the_rows_that_they_took_when_filters_were_written() -> None:
    """Filters outlive the program: where the rows change, so must the version of their file."""
    words, numbers = grams.of(b"Audit-2026-0123456789ab")
    assert words.tolist() == [
        79843,
        68670,
        92132,
        85505,
        80219,
        72672,
        67892,
        98228,
        86698,
        79357,
        72672,
        67892,
        67892,
        67892,
        67892,
        67892,
        67892,
        67892,
        96692,
        96164,
    ]
    assert numbers.tolist() == [4111, 7419, 30271, 31116]
