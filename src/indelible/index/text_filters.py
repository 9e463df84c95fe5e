"""The text filters of an index: asked before free text is looked for, and built when there is nothing else to do.

A segment without a filter is searched as a whole; one whose filter is damaged or belongs to something else loses it.
Building takes some microseconds an entry, so it comes after everything that answers wait for, a stretch at a time, and
the newest segment first.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from indelible.errors import IndelibleError, NotFound
from indelible.index.grams import OVERLAP, GramRows
from indelible.index.stretches import ALL, STRETCHES, stretch_width
from indelible.index.text_filter_file import SUFFIX, FilterFacts, TextFilterFile, write_filter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indelible.config import IndexSettings
    from indelible.index.parts import Part
    from indelible.index.segment_folder import SegmentFolder
    from indelible.index.source import EntrySource

__all__ = ["TextFilters"]

_log = logging.getLogger("indelible.index")

_FEWEST_ROWS: Final = 1_024
"""For words, of a segment of few entries."""
_PIECE: Final = 15_000
"""Bytes at a time: what is made of them stays in the caches, and in memory that is used again."""
_MOST_ROWS: Final = 64
"""Rows that are looked at for one text: each rules most of what is left out."""
_BETWEEN: Final = b"\0"
"""Stands between entries. Grams that it makes are no harm."""


class TextFilters:
    """The text filters of one index. Safe to use from any thread; one builds at a time."""

    def __init__(self, segments: SegmentFolder, source: EntrySource, settings: IndexSettings) -> None:
        """Those beside the segments in ``segments``, made from ``source``."""
        self._segments = segments
        self._source = source
        self._settings = settings
        self._words = max(settings.segment_entries, _FEWEST_ROWS)
        self._grams = GramRows(self._words)
        self._lock = threading.Lock()  # guards the fields below, and the work
        self._work: _Building | None = None
        self._given_up: set[int] = set()  # the first indices of parts
        self._look_again = 0.0  # when, after nothing was missing, or something has failed

    def rows(self, anchor: bytes) -> NDArray[np.intp]:
        """What to ask about bytes that stand wherever a text does; nothing where they are too few."""
        rows = np.unique(np.concatenate(self._grams.of(anchor)))
        return rows[:: -(-len(rows) // _MOST_ROWS) or 1]

    def stretches(self, part: Part, texts: Sequence[NDArray[np.intp]]) -> list[int]:
        """For each text, by its :meth:`rows`, the stretches of a part that may hold it."""
        facts = self._facts(part)
        if part.file is not None and facts is not None:
            path = part.file.with_suffix(SUFFIX)
            try:
                with TextFilterFile(path, facts) as file:
                    return [file.stretches(rows) for rows in texts]
            except ValueError as error:
                self._discard(path, str(error))
            except OSError:  # not built yet, or not readable for us
                pass
        return [ALL] * len(texts)

    def step(self, parts: Sequence[Part]) -> bool:
        """Build a little of the newest filter that is missing; gives whether there was anything to do."""
        with self._lock:
            work, self._work = self._work or self._missing(parts), None
            if work is None:
                return False
            try:
                if work.goes_on():
                    self._work = work
                elif self._facts(work.part) == work.facts:  # the segment is still there
                    work.finish(self._segments.scratch.path)
            except (OSError, IndelibleError) as error:
                _log.warning("index_text_filter_not_built", extra={"first": work.part.first, "reason": str(error)})
                self._look_again = time.monotonic() + self._settings.retry_interval
                if isinstance(
                    error, IndelibleError
                ):  # it is the log that cannot be read; the other filters can be built
                    self._given_up.add(work.part.first)
            return True

    def build(self, parts: Sequence[Part]) -> None:
        """Build all filters that are missing, as far as that is possible."""
        self._look_again = 0.0
        while self.step(parts):
            pass

    def _missing(self, parts: Sequence[Part]) -> _Building | None:
        if time.monotonic() < self._look_again:
            return None
        for part in reversed(parts):
            if part.file is None or part.first in self._given_up or not self._segments.may_change(part.file):
                continue
            path = part.file.with_suffix(SUFFIX)
            if not path.exists() and (facts := self._facts(part)) is not None:
                return _Building(part, path, facts, self._grams, self._source)
        self._look_again = time.monotonic() + self._settings.retry_interval
        return None

    def _facts(self, part: Part) -> FilterFacts | None:
        segment = None if part.file is None else self._segments.digest(part.file)
        return (
            None if segment is None else FilterFacts(words=self._words, first=part.first, end=part.end, segment=segment)
        )

    def _discard(self, path: Path, reason: str) -> None:
        if self._segments.may_change(path):
            _log.warning("index_text_filter_discarded", extra={"path": str(path), "reason": reason})
            with contextlib.suppress(OSError):  # then the segment is searched as a whole
                path.unlink(missing_ok=True)


class _Building:
    """A filter that is being built."""

    def __init__(self, part: Part, path: Path, facts: FilterFacts, grams: GramRows, source: EntrySource) -> None:
        self.part = part
        self.facts = facts
        self._path = path
        self._grams = grams
        self._source = source
        self._rows = np.zeros(grams.count, np.uint64)
        self._next = 0

    def goes_on(self) -> bool:
        """Take in one stretch more; false when there is none.

        Raises:
            NotFound: the log has no such entries any more.
        """
        if self._next == STRETCHES:
            return False
        width = stretch_width(self.part)
        start = self.part.first + self._next * width
        end = min(start + width, self.part.end)
        entries = [entry for _, entry in self._source.entries(start, end)]
        if len(entries) < end - start:  # a filter of fewer would rule out the rest
            raise NotFound(f"the log has no entries [{start}, {end})")
        data = _BETWEEN.join(entries)
        occurring = np.zeros(self._grams.count, np.bool_)
        for at in range(0, len(data), _PIECE):
            for rows in self._grams.of(data[at : at + _PIECE + OVERLAP]):
                occurring[rows] = True
        self._rows |= occurring.astype(np.uint64) << np.uint64(self._next)
        self._next += 1
        return True

    def finish(self, scratch: Path) -> None:
        """Write the filter, by way of the folder ``scratch``.

        Raises:
            OSError: it could not be written.
        """
        scratch.mkdir(parents=True, exist_ok=True)  # somebody may have deleted the folder as a whole
        staged = scratch / self._path.name
        try:
            write_filter(self.facts, self._rows, staged, self._path)
        finally:
            staged.unlink(missing_ok=True)
