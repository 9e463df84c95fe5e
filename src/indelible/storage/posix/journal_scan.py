"""Reading a segment from its beginning, and telling a torn group from a damaged one.

A group is written by one call and synced before the next is written, so only the last group of the last segment may be
incomplete. A crash leaves of it any choice of the 512-byte sectors it covers; the others read as zeros, or lie beyond
the end of the file. So an incomplete group is *torn* when something of it that is wrong or missing

- lies beyond the end of the file, or
- overlaps a sector whose part within ``[start of the group, end of the file)`` is all zeros,

and nothing was written after it. A torn group was never acknowledged and is dropped. Everything else that is wrong is
damage: raised with file and offset, never skipped over.

Not to be told apart in principle: a last group that was complete, and of which afterwards the end was cut off or whole
sectors were zeroed. Only what is remembered elsewhere shows that: the checkpoint state, if it was published.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import Damaged
from indelible.storage.posix.files import open_to_read
from indelible.storage.posix.journal_format import (
    GROUP_HEADER_SIZE,
    GROUP_MAGIC,
    SEGMENT_HEADER_SIZE,
    GroupError,
    GroupHeader,
    group_prefix,
    parse_segment_header,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["REMEDY", "Group", "SegmentFile", "TornTail"]

REMEDY = (
    "keep a copy of the journal, then restore the file from a backup; "
    "entries before this place are whole, and nothing after it can be trusted"
)
_SECTOR = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class TornTail:
    """A group that a crash cut short, and that nobody was told was written."""

    path: Path
    offset: int
    """Where in the file it began, in bytes."""
    dropped: int
    """How many bytes of it there were."""

    @property
    def message(self) -> str:
        """What happened, in a sentence."""
        return f"{self.path}: dropped {self.dropped} bytes from byte {self.offset} on: an append that was not completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One whole group, every entry checked."""

    offset: int
    end_offset: int
    first_index: int
    entries: list[bytes]


class SegmentFile:
    """One segment, open for reading. What is appended after it was opened is not seen."""

    def __init__(self, path: Path, first_index: int) -> None:
        """Open a segment and check its header.

        Raises:
            FileNotFoundError: it is not there.
            Damaged: it is not the segment that its name says.
        """
        self.path = path
        self.first_index = first_index
        self.torn: TornTail | None = None
        """Set when :meth:`groups` has come to a torn one."""
        self._descriptor = open_to_read(path)
        self.size = os.fstat(self._descriptor).st_size
        try:
            found = parse_segment_header(self._read(0, SEGMENT_HEADER_SIZE))
        except ValueError as error:
            self.close()
            raise self.damaged(str(error), 0) from error
        if found != first_index:
            self.close()
            raise self.damaged(f"it begins with entry {found}, not with the one in its name", 12)

    def groups(self, *, offset: int = SEGMENT_HEADER_SIZE, index: int | None = None) -> Iterator[Group]:
        """Yield all whole groups, from the one at ``offset``, which begins with entry ``index``.

        Raises:
            Damaged: something is wrong that no crash does.
        """
        index = self.first_index if index is None else index
        while offset < self.size:
            try:
                header = self._header(offset, index)
                entries = header.split(self._read(offset + GROUP_HEADER_SIZE, header.size - GROUP_HEADER_SIZE))
            except GroupError as error:
                self.torn = self._judge(offset, index, error)
                return
            yield Group(offset=offset, end_offset=offset + header.size, first_index=index, entries=entries)
            offset += header.size
            index = header.end_index

    def content(self, size: int) -> bytes:
        """The first ``size`` bytes, as they are on disk."""
        return self._read(0, size)

    def damaged(self, detail: str, offset: int) -> Damaged:
        """The error for damage at a place of this file."""
        return Damaged(detail, path=self.path, offset=offset, remedy=REMEDY)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _header(self, offset: int, index: int) -> GroupHeader:
        data = self._read(offset, GROUP_HEADER_SIZE)
        expected = group_prefix(index)
        if len(data) < GROUP_HEADER_SIZE and data[: len(expected)] != expected[: len(data)]:
            raise GroupError("the header of a group is wrong", 0, len(data))
        header = GroupHeader.parse(data)
        if header.first_index != index:
            raise self.damaged(f"a group begins with entry {header.first_index} instead of {index}", offset + 4)
        return header

    def _judge(self, offset: int, index: int, error: GroupError) -> TornTail:
        """The group at ``offset`` is wrong: torn, or damaged?"""
        tail = self._read(offset, self.size - offset)
        if error.end <= len(tail) and not _overlaps_zero_sector(tail, offset, error.start, error.end):
            raise self.damaged(str(error), offset + error.start)
        try:
            last = GroupHeader.parse(tail[:GROUP_HEADER_SIZE]).size >= len(tail)
        except GroupError:
            last = not _holds_group(tail, index)
        if not last:
            raise self.damaged(f"{error}, and something was written after it", offset + error.start)
        return TornTail(path=self.path, offset=offset, dropped=len(tail))

    def _read(self, offset: int, length: int) -> bytes:
        """The bytes in ``[offset, min(offset + length, size))``."""
        length = min(length, self.size - offset)
        try:
            data = os.pread(self._descriptor, length, offset)
            while len(data) < length and (more := os.pread(self._descriptor, length - len(data), offset + len(data))):
                data += more
        except OSError as error:
            raise self.damaged(f"it cannot be read: {error.strerror}", offset) from error
        return data


def _overlaps_zero_sector(tail: bytes, offset: int, start: int, end: int) -> bool:
    """Whether ``tail``, from ``offset`` of its file on, has only zeros in a sector that ``[start, end)`` touches."""
    sector = (offset + start) // _SECTOR * _SECTOR
    while sector < offset + end:
        part = tail[max(sector - offset, 0) : sector + _SECTOR - offset]
        if part and not any(part):
            return True
        sector += _SECTOR
    return False


def _holds_group(tail: bytes, index: int) -> bool:
    """Whether a group that belongs after ``index`` begins anywhere within ``tail``."""
    position = tail.find(GROUP_MAGIC, 1)
    while position >= 0:
        try:
            if GroupHeader.parse(tail[position : position + GROUP_HEADER_SIZE]).first_index > index:
                return True
        except GroupError:
            pass  # those bytes by chance
        position = tail.find(GROUP_MAGIC, position + 1)
    return False
