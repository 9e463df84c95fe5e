"""The parts of an index: each holds the rows of one block of the log, in a Parquet segment or in memory.

A block is as many entries as a segment has, at a multiple of that number. A :class:`View` is what one query sees: parts
that do not overlap, and where they end. Parts live as long as views that hold them: see :class:`Parts`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from operator import is_
from typing import TYPE_CHECKING

from indelible.index.bracket import Bracket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indelible.index.held_columns import Column

__all__ = ["Part", "Parts", "Span", "View"]


@dataclass(frozen=True, slots=True)
class Span:
    """The smallest and the largest of some times, in microseconds since 1970."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of the entries ``[first, end)``.

    Attributes:
        first: The first index.
        end: The index after the last.
        file: The segment's file, or ``None`` for rows in memory.
        table: The table of rows in memory, or ``None``.
        size: Bytes of the records in that table.
        unreadable: How many of the entries were no records, or could not be read, when their rows were made.
        occurred: When the entries occurred; ``None`` when it is not known, or none says.
        received: When they were received, likewise.
        columns: Those of its fields that are held in memory, see :mod:`indelible.index.resident_columns`.
    """

    first: int
    end: int
    file: Path | None = None
    table: str | None = None
    size: int = 0
    unreadable: int = 0
    occurred: Span | None = None
    received: Span | None = None
    columns: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class View:
    """What one query sees.

    Attributes:
        parts: Ascending by index.
        sealed: Those of them that are segments; the same object as long as they are the same.
        generation: How many views there were before.
    """

    parts: tuple[Part, ...]
    sealed: tuple[Part, ...] = ()
    generation: int = 0

    @cached_property
    def unsealed(self) -> tuple[Part, ...]:
        """The other parts."""
        return tuple(part for part in self.parts if part.file is None)

    @cached_property
    def indexed(self) -> int:
        """How many entries that is."""
        return sum(part.end - part.first for part in self.parts)

    @cached_property
    def unreadable(self) -> int:
        """How many of them no question can find by a value."""
        return sum(part.unreadable for part in self.parts)

    @cached_property
    def _reach(self) -> int:
        end = 0
        for part in self.parts:
            if part.first != end:
                break
            end = part.end
        return end

    def covers(self, size: int) -> bool:
        """Whether the first ``size`` entries of the log are all there."""
        return self._reach >= size


class Parts:
    """The parts of one index, replaced as a whole. Safe to use from any thread.

    What takes the place of a part holds the same entries, so that every view sees each entry once. What has been
    replaced is disposed of when no view that began before is left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the fields below
        self._view = View(())
        self._reading: dict[int, int] = {}  # how many views of a generation are open
        self._waiting: list[tuple[int, Callable[[], None]]] = []

    @property
    def view(self) -> View:
        """The parts of this moment, for looking at them without reading their rows."""
        return self._view

    def reading(self) -> Bracket[View]:
        """The parts of the moment when the block begins, whose rows stay readable within it."""
        return Bracket(self._begin, self._end)

    def _begin(self) -> View:
        with self._lock:
            view = self._view
            self._reading[view.generation] = self._reading.get(view.generation, 0) + 1
            return view

    def _end(self, view: View, _error: BaseException | None) -> None:
        with self._lock:
            self._reading[view.generation] -= 1
            if not self._reading[view.generation]:
                del self._reading[view.generation]
        if self._waiting:
            self._dispose()

    def put(self, part: Part, *, dispose: Callable[[], None] | None = None) -> None:
        """Put a part in the place of its block's; ``dispose`` of what it replaces when nobody reads that any more."""
        with self._lock:
            kept = [other for other in self._view.parts if other.first != part.first]
            self._replace([*kept, part], dispose)
        self._dispose()

    def remove(self, part: Part) -> None:
        """Take a part away: a segment, which views that began before may still read, or fail to."""
        with self._lock:
            self._replace([other for other in self._view.parts if other != part], None)

    def _replace(self, parts: list[Part], dispose: Callable[[], None] | None) -> None:
        parts.sort(key=lambda part: part.first)
        sealed = tuple(part for part in parts if part.file is not None)
        before = self._view.sealed
        if len(sealed) == len(before) and all(map(is_, sealed, before)):
            sealed = before
        generation = self._view.generation
        if dispose is not None:
            self._waiting.append((generation, dispose))
        self._view = View(tuple(parts), sealed, generation + 1)

    def _dispose(self) -> None:
        with self._lock:
            oldest = min(self._reading, default=self._view.generation)
            due = [dispose for generation, dispose in self._waiting if generation < oldest]
            self._waiting = [item for item in self._waiting if item[0] >= oldest]
        for dispose in due:
            dispose()
