"""Rows that fit a width: which column gets how many cells, and what becomes of a text that is wider.

A *cell* is a character's place on a terminal; some characters take two. Widths are given first to the columns that say
nothing when they are cut, then to the others from the narrowest on, so that only long ones give way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["GAP", "fit", "shorten"]

GAP = 2
"""Cells between two columns."""
_LEAST = 6


def fit(natural: Sequence[int], width: int, whole: Collection[int] = ()) -> list[int]:
    """How many cells each column gets of ``width``, gaps included, when it would like ``natural``.

    What fits is left alone. The columns in ``whole`` stay whole; any other that has to give way keeps at least six
    cells, as far as it had them.
    """
    widths = [wanted if column in whole else 0 for column, wanted in enumerate(natural)]
    left = width - GAP * (len(natural) - 1) - sum(widths)
    waiting = sorted(set(range(len(natural))) - set(whole), key=lambda column: natural[column])
    while waiting:
        column = waiting.pop(0)
        share = max(left // (len(waiting) + 1), _LEAST)
        widths[column] = min(natural[column], share)
        left -= widths[column]
    return widths


def shorten(text: str, width: int, *, middle: bool = False) -> str:
    """The text in exactly ``width`` cells: padded, or cut with ``…`` at its end, or in the middle to keep both ends."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    if width < 2:
        return "…"[:width]
    if not middle:
        return set_cell_size(text, width - 1) + "…"
    end, room = "", 2 * (width - 1) // 3  # what tells names apart mostly stands at their end
    for character in reversed(text):
        if cell_len(character + end) > room:
            break
        end = character + end
    return set_cell_size(text, width - 1 - cell_len(end)) + "…" + end
