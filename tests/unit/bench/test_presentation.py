"""How figures are written for people."""

from __future__ import annotations

import pytest

from indelible.bench.measurement import Result
from indelible.bench.presentation import cells, definition_of, number, size_of


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123456, "0.0123"), (3.14159, "3.14"), (999.4, "999"), (1234.5, "1,230"), (98765.0, "98,800"), (0.0, "0")],
)
def test_number_shows_three_digits(value: float, text: str) -> None:
    """Three significant digits, and thousands that can be read."""
    assert number(value) == text


def test_cells_of_a_figure_of_growth_name_its_size() -> None:
    """A figure by size is described by its definition, and its size stands in its title."""
    result = Result(name="growth_proof_1000000", value=0.25, unit="ms", ceiling=0.2, ratio=1.25, bar=None, met=None)
    assert definition_of(result).name == "growth_proof"
    assert size_of(result) == 1_000_000
    assert cells(result) == ("proof by size of the log: 1,000,000", "0.25 ms", "0.2 ms", "1.25", "", "")


def test_cells_leave_out_what_there_is_not() -> None:
    """A figure without a ceiling has empty cells; whether its bar is kept is a word."""
    result = Result(name="disk", value=1.2, unit="bytes/byte", ceiling=None, ratio=None, bar="≤ 1.15", met=False)
    assert cells(result) == ("bytes on disk a byte of record", "1.2 bytes/byte", "", "", "≤ 1.15", "no")
