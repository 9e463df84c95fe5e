"""The log itself: from an admitted event to a signed checkpoint, and back to its proof.

``pool`` → ``sequencer`` (index, ``received_at``, journal: acknowledged) → ``tail`` → ``integrate`` (pure) →
``publisher`` (objects, checkpoint). ``recovery`` opens what a crash left; ``reader`` answers; ``assembly`` joins
the parts and ``log`` drives them.
"""

from __future__ import annotations

from indelible.config import LogSettings
from indelible.log.assembly import Stores, create_log
from indelible.log.clock import Clock, SystemClock
from indelible.log.interval import StoringElsewhere, store_interval
from indelible.log.log import Log, LogStatus, Wait
from indelible.log.read_only import ReadOnlyLog
from indelible.log.reader import Published, Reader, StoredEntry
from indelible.log.submission import Appended, Receipt, Submission

__all__ = [
    "Appended",
    "Clock",
    "Log",
    "LogSettings",
    "LogStatus",
    "Published",
    "ReadOnlyLog",
    "Reader",
    "Receipt",
    "StoredEntry",
    "Stores",
    "StoringElsewhere",
    "Submission",
    "SystemClock",
    "Wait",
    "create_log",
    "store_interval",
]
