"""Decimal numbers as C2SP writes them."""

from __future__ import annotations

import pytest

from indelible.errors import FormatError
from indelible.formats.decimals import parse_decimal


@pytest.mark.parametrize("number", [0, 1, 9, 10, 2**63 - 1])
def test_decimals_reads_every_number_in_range(number: int) -> None:
    """From 0 to 2^63-1."""
    assert parse_decimal(str(number), what="size") == number


@pytest.mark.parametrize(
    "text", ["", "00", "03", "+3", "-3", " 3", "3 ", "1_0", "٣", "0x3", "1e3", "3\n", str(2**63), "9" * 30]
)
def test_decimals_refuses_what_int_would_take_and_what_overflows(text: str) -> None:
    """Signs, leading zeros, spaces, underscores, other scripts, and numbers that Go's int64 cannot hold."""
    with pytest.raises(FormatError, match="the size is not"):
        parse_decimal(text, what="size")
