"""The segments of a journal as one sequence of entries: which of the files count, and where in them an entry is.

Ordinarily each segment begins where the one before it ends. Trimming copies the few entries still needed into a new
segment before it deletes the old ones, and rotation makes an empty one, so that a crash may leave segments that
overlap. Then the one that reaches furthest counts, and of several the one that begins first: it holds everything that
the others hold and anyone still needs. What overlaps it is superseded. A gap is damage.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from indelible.errors import Damaged
from indelible.storage.posix.journal_format import SEGMENT_HEADER_SIZE, parse_segment_name
from indelible.storage.posix.journal_scan import REMEDY, SegmentFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Segment", "order_segments", "read_segments"]


class Segment:
    """One segment, and where its groups are."""

    def __init__(self, path: Path, first_index: int) -> None:
        """Open a segment and check all of it.

        Raises:
            FileNotFoundError: it is not there.
            Damaged: something in it is not what was written.
        """
        self.file = SegmentFile(path, first_index)
        self.end_index = first_index
        self.size = SEGMENT_HEADER_SIZE
        """The bytes of header and whole groups: the next group goes here."""
        self._indexes = array("Q")
        self._offsets = array("Q")
        try:
            for group in self.file.groups():
                self.add(len(group.entries), group.end_offset - group.offset)
        except BaseException:
            self.file.close()
            raise

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def first_index(self) -> int:
        """The index of the first entry, or of the one that would be the first."""
        return self.file.first_index

    def add(self, count: int, size: int) -> None:
        """A group of ``count`` entries was appended in ``size`` bytes."""
        self._indexes.append(self.end_index)
        self._offsets.append(self.size)
        self.end_index += count
        self.size += size
        self.file.size = max(self.file.size, self.size)

    def offset(self, index: int) -> int:
        """Where the group begins that holds the entry, or would: the size for ``end_index``."""
        if index >= self.end_index:
            return self.size
        return self._offsets[bisect_right(self._indexes, index) - 1]

    def bytes_below(self, index: int) -> int:
        """About how many bytes hold the entries below ``index``: within a group, its entries count alike."""
        if index >= self.end_index:
            return self.size - SEGMENT_HEADER_SIZE
        group = bisect_right(self._indexes, index) - 1
        first, offset = self._indexes[group], self._offsets[group]
        more = group + 1 < len(self._indexes)
        end, end_offset = (self._indexes[group + 1], self._offsets[group + 1]) if more else (self.end_index, self.size)
        return offset - SEGMENT_HEADER_SIZE + (end_offset - offset) * (index - first) // (end - first)

    def entries(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for the entries in ``[max(start, first_index), end_index)``."""
        start = max(start, self.first_index)
        if start >= self.end_index:
            return
        position = bisect_right(self._indexes, start) - 1
        groups = self.file.groups(offset=self._offsets[position], index=self._indexes[position])
        pairs = ((group.first_index + i, entry) for group in groups for i, entry in enumerate(group.entries))
        yield from itertools.islice((pair for pair in pairs if pair[0] >= start), self.end_index - start)


def read_segments(folder: Path) -> list[Segment]:
    """All segments in a folder, at least one, opened and checked, in the order of their names.

    Raises:
        FileNotFoundError: the folder is not there, or a segment was deleted meanwhile.
        Damaged: there is none, or something in one of them is not what was written.
    """
    segments: list[Segment] = []
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix != ".journal":
                continue
            segments.append(Segment(path, _first_index(path)))
    except BaseException:
        for segment in segments:
            segment.file.close()
        raise
    if not segments:
        raise Damaged("the journal has no segment", path=folder, remedy=REMEDY)
    return segments


def _first_index(path: Path) -> int:
    first_index = parse_segment_name(path.name)
    if first_index is None:
        raise Damaged("no segment of a journal is named so", path=path, remedy="give it its name back")
    return first_index


def order_segments(segments: Sequence[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Those that make up the journal, in order, and those that they supersede.

    Raises:
        Damaged: there is a gap, two disagree about an entry, or one that is not the last ends within a group.
    """
    rest = sorted(segments, key=lambda segment: (-segment.end_index, segment.first_index))
    kept, superseded = [rest.pop(0)], []
    for segment in rest:
        first = kept[-1].first_index
        if segment.end_index < first:
            raise Damaged(
                f"the entries [{segment.end_index}, {first}) are missing: no segment holds them",
                path=segment.path.parent,
                remedy=REMEDY,
            )
        if segment.end_index == first and segment.first_index < first:
            kept.append(segment)
        else:
            superseded.append(segment)
    kept.reverse()
    for segment in kept[:-1]:
        if segment.file.torn is not None:
            raise segment.file.damaged("it ends within a group, but is not the last segment", segment.size)
    for segment in superseded:
        _check_agreement(kept, segment)
    return kept, superseded


def _check_agreement(kept: Sequence[Segment], superseded: Segment) -> None:
    start = max(kept[0].first_index, superseded.first_index)
    truth = itertools.chain.from_iterable(segment.entries(start) for segment in kept)
    for (index, entry), (_, expected) in zip(superseded.entries(start), truth, strict=False):
        if entry != expected:
            raise superseded.file.damaged(f"entry {index} is another one in another segment", superseded.offset(index))
