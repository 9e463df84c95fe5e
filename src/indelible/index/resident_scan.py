"""A query over the parts whose columns in memory tell what matches; its free texts are looked up in the log."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from indelible.index.chosen import indices_of
from indelible.index.free_text import decisive_text, free_texts, without_texts
from indelible.index.order import NEAR, near_first
from indelible.index.resident_columns import RESIDENT_FIELDS
from indelible.index.selection import compile_selection, needed_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indelible.index.asked import Asked
    from indelible.index.chosen import Rows
    from indelible.index.control import Control
    from indelible.index.free_text import TextSearch
    from indelible.index.held_columns import Column, Held
    from indelible.index.order import Order
    from indelible.index.parts import Part
    from indelible.index.selection import Hits, Selection
    from indelible.index.text_pruning import TextPruning
    from indelible.query.ast import FreeText

__all__ = ["ResidentScan", "needed_columns"]


class ResidentScan:
    """One query over the resident ones among some parts. Runs on one thread."""

    def __init__(
        self,
        parts: Sequence[Part],
        held: Held,
        asked: Asked,
        search: TextSearch,
        pruning: TextPruning,
        control: Control,
    ) -> None:
        """``held`` are the columns of the fields that tell what is asked, see :func:`needed_columns`."""
        self._query = asked.whole
        self._held = held
        self._search = search
        self._pruning = pruning
        self._control = control
        self._texts = free_texts(asked.query)
        self._parts = parts
        self._chosen: dict[int, Rows] = {}

    def __contains__(self, part: Part) -> bool:
        return part.first in self._held.columns

    def __bool__(self) -> bool:
        return bool(self._held.columns)

    def selections(self) -> Iterator[tuple[Mapping[str, Column], Rows]]:
        """Yield the columns of each part that has matching rows, and which those are."""
        for part in filter(self.__contains__, self._parts):
            if part.first not in self._chosen:  # a histogram asks twice
                self._chosen[part.first] = self._choose(part, part.first, part.end)
            rows = self._chosen[part.first]
            if len(rows):
                yield self._held.columns[part.first], rows

    def rows(self, part: Part, low: int, high: int) -> NDArray[np.int64]:
        """The entries of ``[low, high)``, all of a part, that match; ascending."""
        return indices_of(self._choose(part, low, high), part.first)

    def page(self, part: Part, low: int, high: int, order: Order, limit: int) -> list[int]:
        """The first ``limit`` entries of ``[low, high)``, all of a part, that match, in this order."""
        near = () if self._select.is_direct else NEAR
        found: list[int] = []
        for start, stop in near_first(low, high, order, near, high - low):
            rows = self._choose(part, start, stop)
            wanted = limit - len(found)
            first = indices_of(rows[:wanted] if order == "asc" else rows[-wanted:], part.first)
            found += (first if order == "asc" else first[::-1]).tolist()
            if len(found) == limit:
                break
        return found

    @cached_property
    def text(self) -> FreeText | None:
        """The text that decides whether an entry matches that passes all else; ``None`` for other queries."""
        return decisive_text(self._query) if self._texts else None

    def with_text(self, text: FreeText, part: Part, low: int, high: int, order: Order, limit: int) -> list[int]:
        """As :meth:`page`, by that text: for a few entries."""
        rows = self._likely_rows(part, range(low - part.first, high - part.first))
        likely = (
            range(rows.start + part.first, rows.stop + part.first)
            if isinstance(rows, range)
            else indices_of(rows, part.first).tolist()
        )
        return self._search.first(text, likely if order == "asc" else likely[::-1], limit)

    def values(self, field: str) -> Sequence[str]:
        """The values of a field of texts by their numbers in columns; number 0 is none."""
        return self._held.dictionaries[field].values

    @cached_property
    def _select(self) -> Selection:
        return compile_selection(self._query, self._held.dictionaries, self._control)

    @cached_property
    def _select_likely(self) -> Selection:
        return compile_selection(without_texts(self._query), self._held.dictionaries, self._control)

    def _choose(self, part: Part, low: int, high: int) -> Rows:
        """Which rows of the entries ``[low, high)``, all of a part, match."""
        self._control.check()
        rows = range(low - part.first, high - part.first)
        return self._select.rows(part, self._held.columns[part.first], self._find(part, rows), rows)

    def _find(self, part: Part, rows: range) -> Hits:
        """Where free texts are among these rows, as far as that matters."""
        if not self._texts:
            return {}
        likely = self._likely(part, rows)
        wanted = {text: self._pruning.entries(part, text, likely) for text in self._texts}
        return self._search.find(wanted)

    def _likely(self, part: Part, rows: range) -> NDArray[np.int64]:
        """The entries that match if texts are wherever they help."""
        return indices_of(self._likely_rows(part, rows), part.first)

    def _likely_rows(self, part: Part, rows: range) -> Rows:
        return self._select_likely.rows(part, self._held.columns[part.first], {}, rows)


def needed_columns(asked: Asked) -> frozenset[str] | None:
    """The fields whose columns tell, with free texts aside, what is asked; ``None`` where columns cannot tell."""
    needed = needed_fields(asked.whole)
    return needed | asked.counted if needed is not None and asked.counted <= RESIDENT_FIELDS else None
