"""A query over the parts whose columns in memory tell what matches; its free texts are looked up in the log."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indelible.index.free_text import find_texts, free_texts, without_texts
from indelible.index.resident_columns import RESIDENT_FIELDS, is_of
from indelible.index.selection import compile_selection, needed_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.index.asked import Asked
    from indelible.index.control import Control
    from indelible.index.parts import Part
    from indelible.index.resident_columns import Column, Dictionary, ResidentColumns
    from indelible.index.selection import Hits, Mask, Selection
    from indelible.index.source import EntrySource
    from indelible.index.text_pruning import TextPruning

__all__ = ["ResidentScan"]


class ResidentScan:
    """One query over the resident ones among some parts. Runs on one thread."""

    def __init__(
        self,
        parts: Sequence[Part],
        asked: Asked,
        columns: ResidentColumns,
        source: EntrySource,
        pruning: TextPruning,
        control: Control,
    ) -> None:
        self._asked = asked
        self._dictionaries = columns.dictionaries
        self._source = source
        self._pruning = pruning
        self._control = control
        self._texts = free_texts(asked.query)
        self._held = _held(parts, asked, columns, self._dictionaries)
        self._parts = [part for part in parts if part.first in self._held]
        self._masks: dict[int, Mask] = {}

    def __contains__(self, part: Part) -> bool:
        return part.first in self._held

    def __bool__(self) -> bool:
        return bool(self._held)

    def selections(self) -> Iterator[tuple[Mapping[str, Column], Mask]]:
        """Yield the columns of each part that has matching entries, and which those are."""
        for part in self._parts:
            if part.first not in self._masks:  # a histogram asks twice
                self._masks[part.first] = self._select_within(part, part.first, part.end)
            mask = self._masks[part.first]
            if mask is not False:
                yield self._held[part.first], mask

    def rows(self, part: Part, low: int, high: int) -> NDArray[np.int64]:
        """The entries of ``[low, high)``, all of a part, that match; ascending."""
        return _rows(part, self._select_within(part, low, high), low, high)

    def values(self, field: str) -> Sequence[str]:
        """The values of a field of texts by their numbers in columns; number 0 is none."""
        return self._dictionaries[field].values

    @cached_property
    def _select(self) -> Selection:
        return compile_selection(self._asked.whole, self._dictionaries, self._control)

    @cached_property
    def _select_likely(self) -> Selection:
        return compile_selection(without_texts(self._asked.whole), self._dictionaries, self._control)

    def _select_within(self, part: Part, low: int, high: int) -> Mask:
        """Which entries match; of those outside ``[low, high)`` it may say anything."""
        self._control.check()
        return self._select(part, self._held[part.first], self._find(part, low, high))

    def _find(self, part: Part, low: int, high: int) -> Hits:
        """Where free texts are within ``[low, high)``, as far as that matters."""
        if not self._texts:
            return {}
        rows = _rows(part, self._select_likely(part, self._held[part.first], {}), low, high)
        wanted = {text: self._pruning.entries(part, text, rows) for text in self._texts}
        return find_texts(self._source, wanted, self._control)


def _rows(part: Part, mask: Mask, low: int, high: int) -> NDArray[np.int64]:
    if isinstance(mask, bool):
        return np.arange(low, high if mask else low)
    return np.flatnonzero(mask[low - part.first : high - part.first]) + low


def _held(
    parts: Sequence[Part], asked: Asked, columns: ResidentColumns, dictionaries: Mapping[str, Dictionary]
) -> dict[int, dict[str, Column]]:
    """Of the parts whose columns tell all that is asked, by these dictionaries: the columns, by the first index."""
    needed = needed_fields(asked.whole)
    if needed is None or not asked.counted <= RESIDENT_FIELDS:
        return {}
    needed |= asked.counted
    columns.want(needed)
    # Copies: what has been let go of meanwhile stays until this question is answered. Rows in memory have no columns,
    # and where none is needed, that is no reason to ask the database.
    held = ((part.first, dict(part.columns)) for part in parts if part.file is not None or not needed)
    return {
        first: known
        for first, known in held
        if needed <= known.keys() and all(is_of(known[field], field, dictionaries) for field in needed)
    }
