"""The last part of a path of C2SP tlog-tiles, which numbers a tile or an entry bundle: ``x001/x234/067.p/5``.

The decimal index is split into groups of three digits, all but the last prefixed with ``x``, as few of them as hold it.
The suffix says how many of the 256 hashes or entries a partial one holds. Each resource has exactly one spelling.
"""

from __future__ import annotations

import re
from typing import Final

from indelible.errors import FormatError

__all__ = ["MAX_TILE_INDEX", "path_element", "split_path_element"]

MAX_TILE_INDEX: Final = 2**55 - 1
"""The number of the last tile of leaf hashes that a tree of ``2**63 - 1`` leaves can have."""

_FULL: Final = 256
_ELEMENT: Final = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def path_element(index: int, width: int) -> str:
    """The last part of the path of number ``index``, which holds ``width`` in ``[1, 256]`` hashes or entries."""
    element = f"{index % 1000:03d}"
    while index := index // 1000:
        element = f"x{index % 1000:03d}/{element}"
    return element if width == _FULL else f"{element}.p/{width}"


def split_path_element(element: str) -> tuple[int, int]:
    """Index and width.

    Raises:
        FormatError: ``element`` is not what :func:`path_element` would give.
    """
    match = _ELEMENT.fullmatch(element)
    if match is not None:
        index = int(match[1].replace("x", "").replace("/", ""))
        width = int(match[2] or _FULL)
        if index <= MAX_TILE_INDEX and width <= _FULL and path_element(index, width) == element:
            return index, width
    raise FormatError(f"not the canonical number of a tile or entry bundle: {element[:80]!r}")
