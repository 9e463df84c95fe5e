"""The journal in segment files: one write and one fdatasync a group.

The bytes are described in :mod:`indelible.storage.posix.journal_format`, what a crash may leave of them in
:mod:`indelible.storage.posix.journal_scan` and :mod:`indelible.storage.posix.journal_segments`.

A new segment begins between groups, when the active one has grown large. Trimming deletes segments that are not needed
any more, oldest first and each durably before the next, so that no crash leaves a gap. When a log falls idle, most of
what is left is not needed either; then the entries that are needed are copied into a new segment first.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from indelible.errors import Damaged, InternalError
from indelible.storage.posix.journal_format import (
    MAX_BODY,
    MAX_COUNT,
    encode_group,
    encode_segment_header,
    segment_name,
)
from indelible.storage.posix.journal_scan import REMEDY
from indelible.storage.posix.journal_segments import Segment, order_segments, read_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from indelible.storage.posix.journal_scan import TornTail
    from indelible.storage.posix.staging import Staging

__all__ = ["PosixJournal"]

_SEGMENT_BYTES = 16 << 20
_REWRITE_BYTES = 1 << 20
"""So many bytes that nobody needs are worth the syncs of a rewrite; an idle journal holds no more than these."""
_REWRITE_COUNT = 65_536
_REWRITE_RATIO = 4
"""Bytes gained for each byte copied: trimming never costs more than a fraction of appending did."""


class PosixJournal:
    """See :class:`indelible.storage.protocols.Journal`."""

    recovered: tuple[TornTail, ...]
    """What was dropped when the journal was opened: appends that had not been acknowledged."""

    def __init__(self, folder: Path, staging: Staging, segments: list[Segment], *, segment_bytes: int) -> None:
        """Join the parts; :meth:`open` and :meth:`create` are the ways to make a journal."""
        self._folder = folder
        self._staging = staging
        self._disk = staging.disk
        self._segments = segments
        self._segment_bytes = segment_bytes
        self._file = self._disk.open(segments[-1].path)
        self._closed = False
        self.recovered = ()

    @classmethod
    def create(cls, folder: Path, staging: Staging, *, segment_bytes: int = _SEGMENT_BYTES) -> PosixJournal:
        """Open a journal, and begin with an empty one if there is none in the folder."""
        if not any(path.suffix == ".journal" for path in folder.iterdir()):
            _new_segment(folder, staging, 0, ()).file.close()
        return cls.open(folder, staging, segment_bytes=segment_bytes)

    @classmethod
    def open(cls, folder: Path, staging: Staging, *, segment_bytes: int = _SEGMENT_BYTES) -> PosixJournal:
        """Open a journal and check all of it; drop what a crash left incomplete.

        Raises:
            Damaged: it is not there, or something in it is not what was written.
        """
        try:
            segments = read_segments(folder)
        except FileNotFoundError as error:
            raise Damaged("the journal is not there", path=folder, remedy=REMEDY) from error
        try:
            kept, superseded = order_segments(segments)
            journal = cls(folder, staging, kept, segment_bytes=segment_bytes)
        except BaseException:
            _close(segments)
            raise
        _close(superseded)
        torn = [segment.file.torn for segment in segments]
        try:
            journal._delete(superseded)
            if kept[-1].file.torn is not None:
                journal._disk.truncate(journal._file, kept[-1].size)
                kept[-1].file.size = kept[-1].size
        except BaseException:
            journal.close()
            raise
        journal.recovered = tuple(tail for tail in torn if tail is not None)
        return journal

    @property
    def start(self) -> int:
        """See the protocol."""
        return self._segments[0].first_index

    @property
    def end(self) -> int:
        """See the protocol."""
        return self._segments[-1].end_index

    def append(self, first_index: int, entries: Sequence[bytes]) -> None:
        """See the protocol."""
        if first_index != self.end or not 0 < len(entries) <= MAX_COUNT:
            raise InternalError(f"{len(entries)} entries from {first_index} on cannot be appended to {self.end}")
        group = encode_group(first_index, entries)
        if len(group) > MAX_BODY:
            raise InternalError(f"a group of {len(group)} bytes is too large for the journal")
        if self._segments[-1].size >= self._segment_bytes:
            self._rotate()
        active = self._segments[-1]
        self._disk.append(self._file, group, active.size)
        active.add(len(entries), len(group))

    def replay(self, start: int) -> Iterator[tuple[int, bytes]]:
        """See the protocol."""
        return chain.from_iterable(segment.entries(start) for segment in tuple(self._segments))

    def trim(self, below: int) -> None:
        """See the protocol."""
        if below > self.end:
            raise InternalError(f"the journal ends at {self.end}, so it cannot be trimmed below {below}")
        while len(self._segments) > 1 and self._segments[1].first_index <= below:
            self._delete(self._segments[:1])
            self._segments.pop(0).file.close()
        if self.start < below and self.end - below <= _REWRITE_COUNT:
            total = sum(segment.bytes_below(segment.end_index) for segment in self._segments)
            needless = self._segments[0].bytes_below(below)
            if needless >= max(_REWRITE_BYTES, _REWRITE_RATIO * (total - needless)):
                self._rewrite(below)

    def close(self) -> None:
        """See the protocol."""
        if not self._closed:
            self._closed = True
            self._disk.close(self._file)
            _close(self._segments)

    def _rotate(self) -> None:
        segment = _new_segment(self._folder, self._staging, self.end, ())
        self._activate([*self._segments, segment])

    def _rewrite(self, below: int) -> None:
        old = self._segments
        segment = _new_segment(self._folder, self._staging, below, [entry for _, entry in self.replay(below)])
        self._activate([segment])
        _close(old)
        self._delete(old)

    def _activate(self, segments: list[Segment]) -> None:
        file = self._disk.open(segments[-1].path)
        self._disk.close(self._file)
        self._file, self._segments = file, segments

    def _delete(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            self._disk.unlink(segment.path)
            self._disk.sync_directory(self._folder)


def _close(segments: Iterable[Segment]) -> None:
    for segment in segments:
        segment.file.close()


def _new_segment(folder: Path, staging: Staging, first_index: int, entries: Sequence[bytes]) -> Segment:
    data = encode_segment_header(first_index)
    if entries:
        data += encode_group(first_index, entries)
    (staged,) = staging.write([data])
    path = folder / segment_name(first_index)
    try:
        staging.link(staged, path)
    finally:
        staging.discard([staged])
    return Segment(path, first_index)
