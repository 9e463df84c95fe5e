"""Writing the server's own events: each is durable before whoever recorded it goes on."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

from indelible.errors import StorageFull
from indelible.events.identity import new_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.events import Prepared, Preparer
    from indelible.log import Appended
    from indelible.system_log.event import SystemEvent

__all__ = ["SYSTEM_PRINCIPAL", "Appendable", "Reserve", "SystemLog", "UnrecordedSystemLog", "new_event_id"]

SYSTEM_PRINCIPAL = "system:indelible"
"""The principal of every record that the server, or a command on its directory, writes of its own accord."""


class Finder(Protocol):
    """What can be asked for an event."""

    def find(self, event_id: str) -> int | None:
        """The index of the event, or ``None``."""
        ...


class Appendable(Protocol):
    """As much of a :class:`~indelible.log.Log` as is needed here."""

    @property
    def preparer(self) -> Preparer:
        """Makes records of events."""
        ...

    @property
    def reader(self) -> Finder:
        """Finds events."""
        ...

    def append(self, events: Sequence[Prepared]) -> Appended:
        """Append, and wait until it is durable."""
        ...


class Reserve(Protocol):
    """Space on the disk that is kept for what must be possible, and on the record, when it is full."""

    def make_room(self, *, keep: float = 0) -> None:
        """Give some of it up if there is no other space, but not below the share ``keep`` of it, in ``[0, 1)``."""
        ...

    def refill(self) -> None:
        """Take it again, if there is space."""
        ...


class SystemLog:
    """The log ``_system``, to write to. Safe to use from several threads."""

    def __init__(self, log: Appendable, *, reserve: Reserve | None = None) -> None:
        self._log = log
        self._reserve = reserve

    def record(self, *events: SystemEvent) -> None:
        """Record events, all or none; they are durable when this returns. Blocks.

        When the disk is full, half of the reserve is there for it: reading goes on, on the record.

        Raises:
            Unavailable: the log takes nothing now; then whatever was to be recorded must not be done.
        """
        try:
            self._log.append(self._prepare(events))
        except StorageFull:
            if self._reserve is None:
                raise
            self._reserve.make_room(keep=0.5)
            self._log.append(self._prepare(events))

    def make_room(self) -> None:
        """Use the reserve, all of it, if the disk is full: for acts that take something away."""
        if self._reserve is not None:
            self._reserve.make_room()

    def refill(self) -> None:
        """Fill the reserve again, if there is space."""
        if self._reserve is not None:
            self._reserve.refill()

    def has(self, event_id: str) -> bool:
        """Whether the log has an event of this id."""
        return self._log.reader.find(event_id) is not None

    def _prepare(self, events: Sequence[SystemEvent]) -> list[Prepared]:
        return self._log.preparer.prepare_objects(
            [event.document() for event in events],
            principal=SYSTEM_PRINCIPAL,
            now_ms=time.time_ns() // 1_000_000,
            random=os.urandom,
        )


class UnrecordedSystemLog(SystemLog):
    """What stands for ``_system`` where nothing may be written: nothing is recorded, and nothing can be administered.

    Whoever runs a server that only reads can read the directory itself; that, too, would be on no record.
    """

    def __init__(self) -> None:
        """There is no log to write to."""

    def record(self, *events: SystemEvent) -> None:  # type: ignore[explicit-override]  # typing.override is of 3.12
        """Do nothing."""

    def make_room(self) -> None:  # type: ignore[explicit-override]  # as above
        """Do nothing."""

    def refill(self) -> None:  # type: ignore[explicit-override]  # as above
        """Do nothing."""

    def has(self, event_id: str) -> bool:  # type: ignore[explicit-override]  # noqa: ARG002 - as above
        """Nothing is recorded here."""
        return False


def new_event_id() -> str:
    """An id for an event that has to be known before it is recorded."""
    return new_ids(1, time.time_ns() // 1_000_000, os.urandom)[0]
