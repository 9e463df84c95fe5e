"""Disk: how many bytes a byte of record takes once a log is at rest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indelible.bench.data import directory_environment, disk_bytes, open_reader
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import alone
from indelible.embedded.data_directory import DataDirectory
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room

__all__ = ["measure"]

_IDLE_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0


def measure(room: Room, directory: Path) -> Iterator[Result]:
    """Figure ``disk``."""
    definition = DEFINITIONS["disk"]
    room.say(definition.title)
    stored = _bytes_when_idle(directory)
    reader = open_reader(directory)
    records = sum(len(entry) for _, entry in reader.entries(0, reader.size))
    details = {"entries": float(reader.size), "bytes a record": round(records / reader.size, 1)}
    yield alone(definition, stored / records, details)


def _bytes_when_idle(directory: Path) -> int:
    """What the log takes when it has been open, without work, until nothing more was trimmed."""
    with (
        DataDirectory.open(directory, environment=directory_environment(directory)) as data,
        data.open_log("main"),
    ):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        before, now = -1, disk_bytes(directory)
        while now != before:
            if time.monotonic() > deadline:
                raise InternalError("the log did not come to rest")
            time.sleep(_IDLE_SECONDS)
            before, now = now, disk_bytes(directory)
    return disk_bytes(directory)
