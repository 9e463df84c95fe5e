"""A log of real events that grows, and its index."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench.data import create_directory, directory_environment
from indelible.bench.grow import Feeder
from indelible.bench.search.production import ProductionPlan, produce
from indelible.bench.search.questions import ASKED_FIELDS
from indelible.config import IndexSettings
from indelible.embedded.data_directory import DataDirectory
from indelible.index import LogIndex, LogSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.log import Log, Reader

__all__ = ["EVENTS_PER_REQUEST", "SearchedLog", "searched_log"]

EVENTS_PER_REQUEST = 1_024
_COLUMN_MEMORY = 1 << 31  # room for the columns of the fields that are asked for, whatever the size


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedLog:
    """The log, its index, and the folder of that."""

    folder: Path
    index: LogIndex
    _log: Log
    _samples: Path

    @property
    def reader(self) -> Reader:
        """What reads the log's entries."""
        return self._log.reader

    def grow(self, size: int) -> None:
        """Append until there are ``size`` entries, a multiple of 1,024, and all are published."""
        first = self._log.status.journaled
        plan = ProductionPlan(samples=str(self._samples), first=first, end=size, size=EVENTS_PER_REQUEST)
        Feeder(self._log).feed(produce(plan))
        self._log.wait_published(size)

    def catch_up(self) -> float:
        """Index and seal what is there; gives entries a second. What a server does later follows: filters, columns."""
        before = self.index.coverage.indexed
        began = perf_counter()
        self.index.catch_up()
        seconds = perf_counter() - began
        self.index.build_text_filters()
        self.index.hold_columns(ASKED_FIELDS)
        return (self.index.coverage.indexed - before) / seconds


@contextmanager
def searched_log(directory: Path, samples: Path, segment_entries: int) -> Iterator[SearchedLog]:
    """A new log in a new data directory at ``directory``, with an index of such segments."""
    create_directory(directory)
    environment = directory_environment(directory)
    folder = directory / "index" / "main"
    settings = IndexSettings(segment_entries=segment_entries, column_memory=_COLUMN_MEMORY)
    with (
        DataDirectory.open(directory, environment=environment) as data,
        data.open_log("main") as log,
        LogIndex.open(folder, LogSource(log), settings=settings) as index,
    ):
        yield SearchedLog(folder=folder, index=index, _log=log, _samples=samples)
