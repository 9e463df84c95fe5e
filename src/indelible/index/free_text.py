"""Free text: which entries of some parts hold a text, looked up in the log itself.

Parquet would have to be unpacked for it. The log's entry bundles lie open in the page cache, and most of them are ruled
out as a whole, without looking at an entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indelible.errors import NotFound
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH
from indelible.query.ast import And, FreeText, Not, Or
from indelible.query.free_text import TextMatcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from indelible.index.control import Control
    from indelible.index.source import EntrySource
    from indelible.query.ast import Query

__all__ = ["find_texts", "free_texts"]


def free_texts(query: Query) -> tuple[FreeText, ...]:
    """The free texts of a query, each once, in their order."""
    match query:
        case FreeText():
            return (query,)
        case And() | Or():
            return tuple(dict.fromkeys(text for part in query.parts for text in free_texts(part)))
        case Not():
            return free_texts(query.part)
        case _:
            return ()


def find_texts(
    source: EntrySource, texts: Sequence[FreeText], candidates: NDArray[np.int64], control: Control
) -> list[NDArray[np.int64]]:
    """For each text, which of the candidates hold it. ``candidates`` are indices of entries, ascending.

    Raises:
        QueryTimeout: it took too long.
        QueryCancelled: nobody wants to know any more.
    """
    matchers = [TextMatcher(text.text) for text in texts]
    found: list[list[int]] = [[] for _ in texts]
    for number, indices in _by_bundle(candidates):
        control.check()
        for matcher, hits in zip(matchers, found, strict=True):
            hits += _in_bundle(source, number, indices, matcher)
    return [np.array(hits, np.int64) for hits in found]


def _by_bundle(candidates: NDArray[np.int64]) -> Iterator[tuple[int, list[int]]]:
    if not len(candidates):
        return
    numbers = candidates // TILE_WIDTH
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    for indices in np.split(candidates, starts[1:]):
        yield int(indices[0]) // TILE_WIDTH, indices.tolist()


def _in_bundle(source: EntrySource, number: int, indices: list[int], matcher: TextMatcher) -> list[int]:
    first = number * TILE_WIDTH
    try:
        bundle = source.bundle(number)
    except NotFound:  # not full yet, or not published
        read = dict(source.entries(indices[0], indices[-1] + 1))
        return [index for index in indices if matcher.in_entry(read[index])]
    if not matcher.prefilter(bundle):
        return []
    entries = entry_bundle.decode(bundle, TILE_WIDTH)
    return [index for index in indices if matcher.in_entry(entries[index - first])]
