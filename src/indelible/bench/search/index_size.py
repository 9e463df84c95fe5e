"""What an index takes on disk beside real records, which keep their originals."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from indelible.bench.data import create_directory, directory_environment
from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import alone
from indelible.bench.search.shapes import read_events
from indelible.config import IndexSettings
from indelible.embedded.data_directory import DataDirectory
from indelible.errors import InternalError
from indelible.events.foreign import prepare_foreign
from indelible.formats.tile import TILE_WIDTH
from indelible.index import LogIndex, LogSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.bench.measurement import Result
    from indelible.bench.room import Room
    from indelible.log import Log

__all__ = ["measure"]


def measure(room: Room) -> Iterator[Result]:
    """Figure ``index_disk``."""
    definition = DEFINITIONS["index_disk"]
    room.say(definition.title)
    directory = room.path / "real"
    create_directory(directory)
    environment = directory_environment(directory)
    folder = directory / "index" / "main"
    with DataDirectory.open(directory, environment=environment) as data, data.open_log("main") as log:
        size = _import_samples(log, room.samples) // TILE_WIDTH * TILE_WIDTH
        with LogIndex.open(folder, LogSource(log), settings=IndexSettings(segment_entries=size)) as index:
            index.catch_up()
            index.build_text_filters()
        records = sum(len(entry) for _, entry in log.reader.entries(0, size))
    stored = sum(path.stat().st_size for path in folder.iterdir())
    yield alone(definition, stored / records, {"entries": float(size), "bytes a record": round(records / size, 1)})


def _import_samples(log: Log, samples: Path) -> int:
    """Append the bundled events as ``indelible import`` does; gives how many entries the log has then, all published.

    Raises:
        InternalError: one of them was refused.
    """
    now_ms = time.time_ns() // 1_000_000
    intake = prepare_foreign(
        log.preparer, read_events(samples), principal="benchmark", now_ms=now_ms, random=os.urandom
    )
    if intake.rejected:
        raise InternalError(f"a bundled event was refused: {intake.rejected[0]}")
    return log.append(intake.prepared, wait="published").size
