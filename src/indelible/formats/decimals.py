"""Numbers as C2SP writes them: ASCII decimal, no sign, no leading zeros, at most ``2**63 - 1``.

Refuses what ``int()`` lets pass: ``+3``, `` 3``, ``1_0``, ``03``, digits of other scripts.
"""

from __future__ import annotations

import re
from typing import Final

from indelible.errors import FormatError
from indelible.merkle import MAX_TREE_SIZE

__all__ = ["parse_decimal"]

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


def parse_decimal(text: str, *, what: str) -> int:
    """The number in ``[0, 2**63)`` that ``text`` is; ``what`` names it in the error.

    Raises:
        FormatError: not such a number.
    """
    if _DECIMAL.fullmatch(text):
        number = int(text)
        if number <= MAX_TREE_SIZE:
            return number
    raise FormatError(f"the {what} is not a decimal number from 0 to 2^63-1 without leading zeros: {text[:40]!r}")
