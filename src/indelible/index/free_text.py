"""Free text: which entries of some parts hold a text, looked up in the log itself.

Parquet would have to be unpacked for it. The log's entry bundles lie open in the page cache, and most of them are ruled
out as a whole, without looking at an entry.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from indelible.errors import DamagedObject, FormatError, NotFound
from indelible.formats import entry_bundle
from indelible.formats.tile import TILE_WIDTH
from indelible.index.byte_search import ByteSearch
from indelible.query.ast import And, Everything, FreeText, Not, Or
from indelible.query.formula import all_of, any_of, negation
from indelible.query.free_text import TextMatcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indelible.index.control import Control
    from indelible.index.source import EntrySource
    from indelible.query.ast import Query

__all__ = ["TextSearch", "decisive_text", "find_texts", "free_texts", "without_texts"]

_NOWHERE = np.empty(0, np.int64)
_AT_ONCE = 32
"""Entries that are read from the log at once where the next ones may not be needed."""


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


def without_texts(query: Query, *, negated: bool = False) -> Query:
    """A query without free texts that matches at least what this one does (``negated``: at most)."""
    match query:
        case FreeText():
            return Not(Everything()) if negated else Everything()
        case And():
            return all_of(without_texts(part, negated=negated) for part in query.parts)
        case Or():
            return any_of(without_texts(part, negated=negated) for part in query.parts)
        case Not():
            return negation(without_texts(query.part, negated=not negated))
        case _:
            return query


def decisive_text(query: Query) -> FreeText | None:
    """The text that decides whether an entry matches that passes all else; ``None`` for other queries."""
    match query:
        case FreeText():
            return query
        case And():
            texts = [part for part in query.parts if free_texts(part)]
            return texts[0] if len(texts) == 1 and isinstance(texts[0], FreeText) else None
        case _:
            return None


class TextSearch:
    """Looks free texts up in the log, for one query. Runs on one thread.

    Attributes:
        lost: Entries that were to be looked at, and that the log cannot give.
    """

    def __init__(self, source: EntrySource, control: Control, *, counts: bool) -> None:
        """``counts``: whether what is found is counted only, and not shown."""
        self.lost: set[int] = set()
        self._source = source
        self._control = control
        self._counts = counts

    def find(self, wanted: Mapping[FreeText, NDArray[np.int64]]) -> dict[FreeText, NDArray[np.int64]]:
        """For each text, which of the entries to look at hold it; ascending.

        What is shown holds those that are lost as well, which may have held it. Nobody could tell them in a count.

        Raises:
            QueryTimeout: it took too long.
            QueryCancelled: nobody wants to know any more.
        """
        found = find_texts(self._source, wanted, self.lost, self._control)
        if not self.lost or self._counts:
            return found
        lost = np.fromiter(self.lost, np.int64)
        return {text: np.union1d(hits, np.intersect1d(wanted[text], lost)) for text, hits in found.items()}

    def first(self, text: FreeText, candidates: Sequence[int], limit: int) -> list[int]:
        """The first ``limit`` of some entries, in their order, that hold a text, those that are lost among them.

        For a few entries, near each other, that ascend or descend.

        Raises:
            QueryTimeout: it took too long.
            QueryCancelled: nobody wants to know any more.
        """
        holds = TextMatcher(text.text).in_entry
        found: list[int] = []
        for _, run in groupby(candidates, lambda index: index // _AT_ONCE):
            self._control.check()
            wanted = list(run)
            first, last = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1])
            try:
                entries = [entry for _, entry in self._source.entries(first, last + 1)]
            except DamagedObject:
                entries = []
            for index in wanted:
                if index - first >= len(entries):
                    self.lost.add(index)
                elif not holds(entries[index - first]):
                    continue
                found.append(index)
                if len(found) == limit:
                    return found
        return found


def find_texts(
    source: EntrySource, wanted: Mapping[FreeText, NDArray[np.int64]], lost: set[int], control: Control
) -> dict[FreeText, NDArray[np.int64]]:
    """For each text, which of the entries to look at hold it. Indices of entries ascend.

    Those that the log cannot give are added to ``lost``, and found nowhere.

    Raises:
        QueryTimeout: it took too long.
        QueryCancelled: nobody wants to know any more.
    """
    searches = [_Search(text, candidates) for text, candidates in wanted.items()]
    (candidates,) = wanted.values() if len(wanted) == 1 else (np.unique(np.concatenate(list(wanted.values()))),)
    found: list[list[list[int]]] = []
    # On one thread: what each bundle takes is so short that threads wait for each other's hold of the interpreter.
    for start, stop in pairwise([*_starts(candidates).tolist(), len(candidates)]):
        control.check()
        found.append(_in_bundle(source, candidates[start:stop], searches, lost))
    return {
        text: np.array([index for hits in found for index in hits[place]], np.int64)
        for place, text in enumerate(wanted)
    }


class _Search:
    """One text, looked for in whole bundles first."""

    def __init__(self, text: FreeText, candidates: NDArray[np.int64]) -> None:
        self.matcher = TextMatcher(text.text)
        self._bytes = ByteSearch(self.matcher.anchor) if self.matcher.anchor else None
        self._bundles = frozenset((candidates[_starts(candidates)] // TILE_WIDTH).tolist())

    def is_for(self, number: int) -> bool:
        """Whether the text is to be looked for in the bundle with that number."""
        return number in self._bundles

    def places(self, bundle: bytes) -> NDArray[np.int64] | None:
        """Where in a bundle entries may hold the text; ``None`` for anywhere."""
        return None if self._bytes is None else self._bytes.places(bundle)


def _starts(candidates: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where among entries, which ascend, those of another bundle begin."""
    return np.flatnonzero(np.diff(candidates // TILE_WIDTH, prepend=-1))


def _in_bundle(
    source: EntrySource, candidates: NDArray[np.int64], searches: Sequence[_Search], lost: set[int]
) -> list[list[int]]:
    """Which of the candidates, all of one bundle, hold each text; when it cannot be read, they are all ``lost``."""
    try:
        return _look_in_bundle(source, candidates, searches)
    except (DamagedObject, FormatError):
        lost.update(candidates.tolist())
        return [[] for _ in searches]


def _look_in_bundle(source: EntrySource, candidates: NDArray[np.int64], searches: Sequence[_Search]) -> list[list[int]]:
    number = int(candidates[0]) // TILE_WIDTH
    try:
        bundle = source.bundle(number)
    except NotFound:  # not full yet, or not published
        entries = dict(source.entries(int(candidates[0]), int(candidates[-1]) + 1))
        there = [at for at in candidates.tolist() if at in entries]  # not where the log was put back to what it was
        return [[at for at in there if search.matcher.in_entry(entries[at])] for search in searches]
    held: list[list[int]] = []
    decoded: list[bytes] = []
    for search in searches:
        places = search.places(bundle) if search.is_for(number) else _NOWHERE
        if places is not None and not len(places):
            held.append([])
            continue
        decoded = decoded or entry_bundle.decode(bundle, TILE_WIDTH)
        likely = candidates - number * TILE_WIDTH
        if places is not None:
            likely = np.intersect1d(likely, _entries_at(places, decoded))
        held.append([number * TILE_WIDTH + at for at in likely.tolist() if search.matcher.in_entry(decoded[at])])
    return held


def _entries_at(places: NDArray[np.int64], entries: Sequence[bytes]) -> NDArray[np.int64]:
    """The entries of a bundle in which places of its bytes lie; each entry begins with its length in two bytes."""
    ends = np.cumsum([2 + len(entry) for entry in entries])
    return np.searchsorted(ends, places, side="right")
