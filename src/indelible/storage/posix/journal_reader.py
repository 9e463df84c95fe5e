"""Reading a journal that another process may be writing, from a file system that may be read-only."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from indelible.storage.posix.files import read_steadily
from indelible.storage.posix.journal_segments import order_segments, read_segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from indelible.storage.posix.journal_scan import TornTail
    from indelible.storage.posix.journal_segments import Segment

__all__ = ["JournalReader", "read_journal"]


class JournalReader:
    """The journal as it was at one moment. What the writer appends or deletes afterwards changes nothing here."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        """Read from open segments; :func:`read_journal` opens them."""
        self._segments = tuple(segments)

    @property
    def start(self) -> int:
        """The index of the first entry held; equal to ``end`` when nothing is held."""
        return self._segments[0].first_index

    @property
    def end(self) -> int:
        """The index after the last entry held."""
        return self._segments[-1].end_index

    @property
    def torn(self) -> TornTail | None:
        """What follows the last whole group: one that is just being written, or that a crash cut short."""
        return self._segments[-1].file.torn

    def replay(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield ``(index, entry)`` for every entry in ``[max(start, self.start), end)``, each checked."""
        return chain.from_iterable(segment.entries(start) for segment in self._segments)

    def segments(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of each segment, up to its last whole group."""
        for segment in self._segments:
            yield segment.path.name, segment.file.content(segment.size)

    def close(self) -> None:
        """Let go of the files."""
        segments, self._segments = self._segments, ()
        for segment in segments:
            segment.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def read_journal(folder: Path) -> JournalReader:
    """Open the journal in a folder and check every entry of it. Nothing is changed.

    Raises:
        Damaged: it is not there, or something in it is not what was written; names file, offset and remedy.
    """
    return read_steadily(folder, _read)


def _read(folder: Path) -> JournalReader:
    segments = read_segments(folder)
    try:
        kept, superseded = order_segments(segments)
    except BaseException:
        for segment in segments:
            segment.file.close()
        raise
    for segment in superseded:
        segment.file.close()
    return JournalReader(kept)
