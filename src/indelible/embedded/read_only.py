"""Opening one log of a directory only to read it: from its files, without its keys and without the directory's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.log.read_only import ReadOnlyLog
from indelible.storage.posix import PosixObjectReader, read_ids, read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.config import LogConfiguration
    from indelible.storage.posix import LogPaths

__all__ = ["SERVER_READS", "SUCCEEDED", "open_to_read"]

SERVER_READS = "this server only reads"
SUCCEEDED = "it is closed: another log has succeeded it"


def open_to_read(paths: LogPaths, configuration: LogConfiguration) -> ReadOnlyLog:
    """Open a log for reading; nothing of it is written, and something else may be writing it.

    Raises:
        Damaged: something stored is not what was written, or the checkpoint is lost.
    """

    def journaled(start: int) -> Iterator[tuple[int, bytes]]:
        with read_journal(paths.journal) as journal:
            yield from journal.replay(start)

    return ReadOnlyLog(
        name=configuration.name,
        origin=configuration.origin,
        reason=SUCCEEDED if configuration.read_only else SERVER_READS,
        objects=PosixObjectReader(paths.objects),
        ids=read_ids(paths.ids),
        journaled=journaled,
    )
