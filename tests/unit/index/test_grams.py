"""Grams: whatever holds a text holds its grams, however it is written and cut; others rarely hold them all."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indelible.index.grams import OVERLAP, GramRows

grams = GramRows(1 << 15)
alphabet = st.sampled_from([b"a", b"Q", b"z", b"0", b"7", b"F", b"-", b'"', b"\x00", b"\xc3\xa9"])
some_bytes = st.lists(alphabet).map(b"".join)


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


@given(st.binary(max_size=80) | some_bytes)
def test_grams_take_rows_that_there_are(data: bytes) -> None:
    """Words after numbers, within the table."""
    numbers, words = grams.of(data)
    assert set(numbers.tolist()) <= set(range(1 << 16))
    assert set(words.tolist()) <= set(range(1 << 16, grams.count))


def test_grams_of_few_bytes_are_none() -> None:
    """Too short a text rules nothing out."""
    assert rows(b"") == rows(b"xyz") == rows(b"beef") == set()
    assert len(rows(b"word")) == len(rows(b"beef5")) == 1


def test_grams_of_words_take_all_digits_for_one() -> None:
    """Else numbers would fill the table; but longer runs tell them apart."""
    (_, words), (_, others) = grams.of(b"ser-123"), grams.of(b"ser-980")
    assert words[:4].tolist() == others[:4].tolist()  # of four bytes
    assert len(words) == len(others) == 7
    assert set(words[4:].tolist()).isdisjoint(others[4:].tolist())


def test_grams_of_words_do_not_reach_beyond_a_string() -> None:
    """What surrounds a value is no part of a text, and would make grams of each."""
    assert rows(b'"note":"word","next":"') == rows(b"note") | rows(b"word") | rows(b"next")
    assert rows(b"word\0word") == rows(b"word")


def test_grams_of_numbers_tell_hashes_apart() -> None:
    """Some hundreds of random hexadecimal texts: few have all of their grams among those of as many others."""
    random = np.random.default_rng(1)
    there, absent = ([random.bytes(16).hex().encode() for _ in range(500)] for _ in range(2))
    held = rows(b'"'.join(there))
    assert all(rows(text[start:]) <= held for text in there for start in (0, 7, 20))
    assert sum(rows(text) <= held for text in absent) == 0
    assert sum(rows(text[:8]) <= held for text in absent) < 25
    assert sum(rows(b"-".join([text[:4], text[4:8], text[8:12], text[12:16]])) <= held for text in absent) < 25


def test_grams_take_the_rows_that_they_took_when_filters_were_written() -> None:
    """Filters outlive the program: where the rows change, so must the version of their file."""
    numbers, words = grams.of(b'"Audit-2026-0123456789ab"')
    assert numbers.tolist() == [52351, 17304, 26129, 31243, 25157, 42187, 17348, 37253]
    assert words.tolist() == [
        78484,
        88470,
        96597,
        91278,
        81287,
        79700,
        87018,
        66336,
        96769,
        79700,
        95943,
        66171,
        69486,
        95462,
        66344,
        85489,
    ]
