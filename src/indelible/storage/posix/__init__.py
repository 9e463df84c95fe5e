"""One log in ordinary files, durable by fsync: Linux and macOS.

:class:`PosixStores` is for the one process that writes, which holds the :class:`WriterLock` of the data directory. The
functions that begin with ``read_`` are for all others: they write nothing, and work while a writer runs.
"""

from __future__ import annotations

from indelible.storage.posix.checkpoint_state import read_checkpoint_state
from indelible.storage.posix.files import LogPaths
from indelible.storage.posix.journal_reader import JournalReader, read_journal
from indelible.storage.posix.journal_scan import TornTail
from indelible.storage.posix.lock import WriterLock, lock_holder
from indelible.storage.posix.objects import PosixObjectReader
from indelible.storage.posix.reserve import DiskReserve
from indelible.storage.posix.run_file import verify_run
from indelible.storage.posix.run_set import IdReader, read_ids
from indelible.storage.posix.stores import PosixStores

__all__ = [
    "DiskReserve",
    "IdReader",
    "JournalReader",
    "LogPaths",
    "PosixObjectReader",
    "PosixStores",
    "TornTail",
    "WriterLock",
    "lock_holder",
    "read_checkpoint_state",
    "read_ids",
    "read_journal",
    "verify_run",
]
