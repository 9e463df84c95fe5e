"""Journals for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.storage.durable import Disk
from indelible.storage.posix.journal import PosixJournal
from indelible.storage.posix.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indelible.storage.system_calls import SystemCalls

__all__ = ["JournalFolder", "record"]


def record(index: int, size: int = 40) -> bytes:
    """A record of at least this many bytes, in the manner of a log's: canonical JSON."""
    text = f'{{"action":"test","n":{index}}}'
    return text[:-1].encode() + b',"pad":"' + b"p" * max(0, size - len(text) - 9) + b'"}'


class JournalFolder:
    """A folder with a journal, and one for its temporaries."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "journal"
        self.temporary = root / "tmp"
        for folder in (self.folder, self.temporary):
            folder.mkdir(exist_ok=True)

    def open(self, calls: SystemCalls | None = None, *, segment_bytes: int = 16 << 20) -> PosixJournal:
        """Open the journal as a writer does after a start, or make it."""
        staging = Staging(Disk(calls), self.temporary)
        staging.clean()
        return PosixJournal.create(self.folder, staging, segment_bytes=segment_bytes)

    def fill(self, groups: Sequence[int], size: int = 40) -> list[bytes]:
        """Append groups of so many records, close, and return all records of the journal."""
        journal = self.open()
        for count in groups:
            end = journal.end
            journal.append(end, [record(index, size) for index in range(end, end + count)])
        entries = [entry for _, entry in journal.replay(0)]
        journal.close()
        return entries

    @property
    def files(self) -> list[Path]:
        """The segments, in order."""
        return sorted(self.folder.iterdir())
