"""Rows that fit: widths are shared fairly, and what is cut is as wide as was promised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from indelible.cli.columns import GAP, fit, shorten

NATURAL = st.lists(st.integers(0, 200), min_size=1, max_size=8)


@given(NATURAL, st.integers(20, 300))
def test_fit_leaves_alone_what_fits(natural: list[int], width: int) -> None:
    """Columns that have room get all that they would like; none ever gets more."""
    widths = fit(natural, width)
    if sum(natural) + GAP * (len(natural) - 1) <= width:
        assert widths == natural
    assert all(got <= wanted for got, wanted in zip(widths, natural, strict=True))


@given(NATURAL, st.integers(80, 300))
def test_fit_keeps_within_the_width(natural: list[int], width: int) -> None:
    """On a terminal of a usual size the columns and their gaps are no wider than it."""
    assert sum(fit(natural, width)) + GAP * (len(natural) - 1) <= width


def test_fit_takes_from_the_widest() -> None:
    """Short columns stay whole; long ones share what is left."""
    assert fit([5, 19, 100, 100], 100) == [5, 19, 35, 35]
    assert fit([100, 3], 20) == [15, 3]
    assert fit([100, 19, 50], 60, whole={1}) == [19, 19, 18]


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_shorten_is_as_wide_as_it_says(text: str, width: int, middle: bool) -> None:
    """Whatever the characters, wide ones too, the result takes exactly the cells of its column."""
    assert cell_len(shorten(text, width, middle=middle)) == width


@pytest.mark.parametrize(
    ("text", "width", "middle", "shown"),
    [
        ("short", 8, False, "short   "),
        ("a long sentence", 8, False, "a long …"),
        ("arn:aws:iam::1:user/ada", 11, True, "arn:…er/ada"),
        ("日本語の長い文", 7, False, "日本語…"),
        ("日本語の長い文", 8, True, "日 …い文"),
        ("anything", 1, False, "…"),
        ("anything", 0, True, ""),
    ],
)
def test_shorten_says_that_something_is_missing(text: str, width: int, middle: bool, shown: str) -> None:
    """What is cut bears an ellipsis, at its end or, where both ends matter, within."""
    assert len(shown) <= width
    assert shorten(text, width, middle=middle) == shown
