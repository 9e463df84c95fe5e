"""Results for people: numbers as short as they may be, and the cells of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indelible.bench.definitions import DEFINITIONS

if TYPE_CHECKING:
    from indelible.bench.definition import Definition
    from indelible.bench.measurement import Result

__all__ = ["HEADINGS", "cells", "definition_of", "number", "size_of"]

HEADINGS = ("figure", "value", "ceiling", "ratio", "bar", "kept")

_SIZED = re.compile(r"(?P<name>[a-z_]+)_(?P<size>[0-9]+)")
_KEPT = {True: "yes", False: "no", None: ""}


def definition_of(result: Result) -> Definition:
    """What the result is a measurement of."""
    sized = _SIZED.fullmatch(result.name)
    return DEFINITIONS[sized["name"] if sized else result.name]


def size_of(result: Result) -> int | None:
    """The size of the log that a figure of growth was taken at; ``None`` for the others."""
    sized = _SIZED.fullmatch(result.name)
    return int(sized["size"]) if sized else None


def number(value: float) -> str:
    """Three significant digits: more, no benchmark can claim."""
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def cells(result: Result) -> tuple[str, str, str, str, str, str]:
    """A result under the headings."""
    title, size = definition_of(result).title, size_of(result)
    return (
        title if size is None else f"{title}: {size:,}",
        f"{number(result.value)} {result.unit}",
        "" if result.ceiling is None else f"{number(result.ceiling)} {result.unit}",
        "" if result.ratio is None else number(result.ratio),
        result.bar or "",
        _KEPT[result.met],
    )
