"""Where in an index a query with free texts can match at all, by the text filters beside its segments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indelible.index.stretches import ALL, entries_within, is_within, matching_stretches, stretch_width
from indelible.query.free_text import TextMatcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.index.parts import Part
    from indelible.index.text_filters import TextFilters
    from indelible.query.ast import FreeText, Query

__all__ = ["TextPruning"]


@dataclass(frozen=True, slots=True)
class _Places:
    """What filters say of one part.

    Attributes:
        matching: The stretches where the query can match.
        holding: For each of its texts, the stretches that may hold it.
    """

    matching: int
    holding: Mapping[FreeText, int]


class TextPruning:
    """What filters say about one query over one view. For one thread."""

    def __init__(self, query: Query, texts: Sequence[FreeText], filters: TextFilters) -> None:
        """``texts`` are the free texts of ``query``."""
        self._query = query
        self._filters = filters
        self._texts = texts
        self._known: dict[int, _Places] = {}

    @cached_property
    def _rows(self) -> Mapping[FreeText, NDArray[np.intp]]:
        return {text: self._filters.rows(TextMatcher(text.text).anchor) for text in self._texts}

    def concerns(self, part: Part) -> bool:
        """Whether the query can match anything in a part."""
        return self._places(part).matching != 0

    def entries_left(self, part: Part) -> int:
        """How many entries of a part are in stretches where the query can match, about."""
        return self._places(part).matching.bit_count() * stretch_width(part)

    def entries(self, part: Part, text: FreeText, rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Those entries of a part, or of ``rows``, which ascend, in which to look for a text."""
        places = self._places(part)
        stretches = places.matching & places.holding[text]
        if rows is None:
            return entries_within(part, stretches)
        low, high = np.searchsorted(rows, [part.first, part.end])
        own = rows[low:high]
        return own if stretches == ALL else own[is_within(part, stretches, own)]

    def still_concerns(self, part: Part, hits: Mapping[FreeText, NDArray[np.int64]]) -> bool:
        """Whether the query can match anything in a part, now that it is known where in it the texts are."""
        held = {}
        for text, found in hits.items():
            low, high = np.searchsorted(found, [part.first, part.end])
            held[text] = ALL if low < high else 0
        return matching_stretches(self._query, held) != 0

    def _places(self, part: Part) -> _Places:
        if part.first not in self._known:
            held = dict(zip(self._rows, self._filters.stretches(part, list(self._rows.values())), strict=True))
            self._known[part.first] = _Places(matching_stretches(self._query, held), held)
        return self._known[part.first]
