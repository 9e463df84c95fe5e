"""A system log that keeps its records in a list, for tests of what is recorded. It takes only what a real log takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from indelible.events import Preparer, new_stamp
from indelible.log import Appended
from indelible.system_log import Caller, SystemLog
from indelible.system_log.acts import Acts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.control import ControlStore
    from indelible.events import Prepared

__all__ = ["TEST", "RecordedLog", "acts_in"]

TEST = Caller(id="test:suite", name="test")


class RecordedLog:
    """Events go through the real preparation, so one that a log would refuse fails here, too."""

    def __init__(self) -> None:
        self.preparer = Preparer(origin="example.com/system", stamp=new_stamp(os.urandom))
        self.records: list[dict[str, Any]] = []
        self.failures: list[Exception] = []
        """What the next appends raise, instead of appending."""

    @property
    def reader(self) -> RecordedLog:
        return self

    def find(self, event_id: str) -> int | None:
        return next((index for index, record in enumerate(self.records) if record["id"] == event_id), None)

    def append(self, events: Sequence[Prepared]) -> Appended:
        if self.failures:
            raise self.failures.pop(0)
        for event in events:
            entry = self.preparer.finish(event.template, b"2026-01-31T08:00:00.000000Z")
            self.records.append(msgspec.json.decode(entry))
        return Appended(first_index=len(self.records) - len(events), added=len(events), events=())

    def phases(self) -> list[tuple[str, str, str]]:
        """Of every record: its action without the prefix, its phase if it has one, its outcome."""
        return [
            (
                record["action"].removeprefix("indelible."),
                record.get("metadata", {}).get("phase", ""),
                record["outcome"],
            )
            for record in self.records
        ]


def acts_in(store: ControlStore, log: RecordedLog | None = None) -> Acts:
    """Acts that are recorded in a list, which nobody looks at unless it is given."""
    return Acts(SystemLog(log or RecordedLog()), store)
