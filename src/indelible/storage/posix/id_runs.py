"""The id index: newest ids in a dictionary, older ones in sorted immutable runs on disk.

When the dictionary is full it is frozen, a background thread writes it as a run, and only when that is durable are its
ids let go from memory. The same thread merges runs, chunk by chunk, and interrupts a merge whenever a frozen dictionary
waits. It lives only while there is something to do. Recent ids that a crash takes are inserted again from the log.

For want of space nothing is lost and nothing is refused: ids stay in memory and writing them is tried again. That may
not go on for ever, so at a limit the disk is failed, and the log takes nothing more.

Damage to a run is an error at the start, not a reason to guess: a run silently left out would let an id in twice.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from indelible.errors import Damaged, InternalError, ReadOnly, StorageFull
from indelible.storage.posix.id_columns import ID_SIZE, keys_of, sort_order
from indelible.storage.posix.run_file import Run, RunWriter
from indelible.storage.posix.run_format import run_name
from indelible.storage.posix.run_merge import merge_runs, runs_to_merge
from indelible.storage.posix.run_set import choose_runs, search_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from indelible.storage.posix.staging import Staging

__all__ = ["PosixIds"]

_TABLE = 65_536
_WAITING = 2
"""With more frozen dictionaries than these, inserting waits for the disk."""
_MOST_WAITING = 16
_WAIT = 30.0
_RETRY = 1.0
_CHEAP = 65_536
"""Merges of no more ids than these are done before closing: they are the ones that short-lived writers leave."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Ids that are not durable yet: ``index`` by id, for the entries from ``first`` on."""

    first: int
    indices: dict[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _View:
    """All ids at one moment. Replaced as a whole, so that readers need no lock; only ``newest`` grows in place."""

    newest: _Table
    frozen: tuple[_Table, ...]
    runs: tuple[Run, ...]


class PosixIds:
    """See :class:`indelible.storage.protocols.IdIndex`. Looking up is safe from any thread; one thread inserts."""

    def __init__(self, folder: Path, staging: Staging, runs: Sequence[Run], *, table: int = _TABLE) -> None:
        """Join the parts; :meth:`open` is the way to make an index."""
        self._folder = folder
        self._staging = staging
        self._disk = staging.disk
        self._size = table
        end = runs[-1].header.end if runs else 0
        self._end = end
        self._changed = threading.Condition()  # guards everything below; reading _view needs no lock
        self._view = _View(_Table(end), (), tuple(runs))
        self._thread: threading.Thread | None = None
        self._full = False
        self._closing = False

    @classmethod
    def open(cls, folder: Path, staging: Staging, *, table: int = _TABLE) -> PosixIds:
        """Open the index in an existing folder, and check every run completely.

        Args:
            folder: Where the runs are.
            staging: For new runs, on the same file system.
            table: How many ids are held in memory before a run is written.

        Raises:
            Damaged: a run is missing, or not what was written; names it, and the remedy.
        """
        try:
            kept, superseded = choose_runs(folder)
            runs = [Run(path) for path in kept]
        except FileNotFoundError as error:
            raise Damaged("the id index is not there", path=folder, remedy="make the folder again, empty") from error
        for run in runs:
            run.check_digests()
        for path in superseded:
            staging.disk.unlink(path)
        return cls(folder, staging, runs, table=table)

    @property
    def end(self) -> int:
        """See the protocol."""
        return self._end

    @property
    def watermark(self) -> int:
        """See the protocol."""
        runs = self._view.runs
        return runs[-1].header.end if runs else 0

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        """See the protocol."""
        view = self._view
        found: list[int | None] = list(map(view.newest.indices.get, ids))
        for table in view.frozen:
            found = [table.indices.get(id_) if index is None else index for id_, index in zip(ids, found, strict=True)]
        search_runs(view.runs, ids, found)
        return found

    def insert(self, first_index: int, ids: Sequence[bytes]) -> None:
        """See the protocol."""
        if first_index != self._end or any(len(id_) != ID_SIZE for id_ in ids):
            raise InternalError(f"these are no ids for the entries from {first_index} on; {self._end} are held")
        table = self._view.newest
        end = first_index + len(ids)
        table.indices.update(zip(ids, range(first_index, end), strict=True))
        self._end = end
        if len(table.indices) != end - table.first:
            raise InternalError(f"an id stands twice among the entries [{table.first}, {end})")
        if len(table.indices) >= self._size:
            self._freeze()

    def close(self) -> None:
        """See the protocol. Ids that cannot be written now are inserted again from the log."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()
        try:
            self._disk.check()
            if self._view.newest.indices:
                self._set_view(lambda view: _freeze(view, self._end))
            while self._view.frozen:
                self._flush()
            while (due := self._due()) and _ids_in(due) <= _CHEAP:
                self._merge(due)
        except (StorageFull, ReadOnly):
            return

    def _freeze(self) -> None:
        self._set_view(lambda view: _freeze(view, self._end))
        with self._changed:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._work, name="indelible-ids", daemon=True)
                self._thread.start()
            self._changed.wait_for(
                lambda: len(self._view.frozen) <= _WAITING or self._full or self._thread is None, timeout=_WAIT
            )
            if len(self._view.frozen) > _MOST_WAITING:
                self._disk.fail(f"{self._folder}: no space for the id index, and too many ids are held in memory")

    def _work(self) -> None:
        """Flush and merge until nothing is due. Runs on the background thread."""
        try:
            while self._is_due():
                try:
                    if self._view.frozen:
                        self._flush()
                    elif due := self._due():
                        self._merge(due)
                    self._full = False
                except StorageFull:
                    self._wait_for_space()
        except BaseException as error:  # noqa: BLE001 - whatever it is must stop the log, which cannot see this thread
            self._disk.fail(f"the id index could not be written: {error}")
            with self._changed:
                self._thread = None
                self._changed.notify_all()

    def _is_due(self) -> bool:
        """Whether there is more to do; if not, the thread is over as far as anyone else can tell."""
        with self._changed:
            if not self._closing and (self._view.frozen or self._due()):
                return True
            self._thread = None
            self._changed.notify_all()
            return False

    def _wait_for_space(self) -> None:
        with self._changed:
            self._full = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closing, timeout=_RETRY)

    def _due(self) -> tuple[Run, ...]:
        runs = self._view.runs
        chosen = runs_to_merge([run.header.count for run in runs])
        return runs[chosen] if chosen else ()

    def _flush(self) -> None:
        """Write the oldest frozen dictionary as a run."""
        table = self._view.frozen[0]
        keys = keys_of(table.indices)  # dictionaries keep the order of insertion, which is that of the entries
        order = sort_order(keys)
        run = self._write(
            table.first,
            table.first + len(keys),
            lambda writer: writer.write(keys.take(order), order.astype(np.uint32)),
        )
        self._set_view(lambda view: replace(view, frozen=view.frozen[1:], runs=(*view.runs, run)))

    def _merge(self, due: tuple[Run, ...]) -> None:
        """Replace neighbouring runs by one; leave it when it is large and this is closed."""

        def fill(writer: RunWriter) -> None:
            for _ in merge_runs(due, writer):
                if self._closing and _ids_in(due) > _CHEAP:
                    raise _LeftError
                while self._view.frozen:
                    self._flush()

        try:
            merged = self._write(due[0].header.first, due[-1].header.end, fill)
        except _LeftError:
            return

        def put(view: _View) -> _View:
            at = view.runs.index(due[0])
            return replace(view, runs=(*view.runs[:at], merged, *view.runs[at + len(due) :]))

        self._set_view(put)
        for run in due:
            self._disk.unlink(run.path)

    def _write(self, first: int, end: int, fill: Callable[[RunWriter], None]) -> Run:
        """A run of the entries ``[first, end)``, durable."""
        writer = RunWriter(self._staging, first, end)
        try:
            try:
                fill(writer)
                writer.finish()
            finally:
                writer.close()
            path = self._folder / run_name(first, end)
            self._staging.link(writer.path, path)
        finally:
            self._staging.discard([writer.path])
        return Run(path)

    def _set_view(self, change: Callable[[_View], _View]) -> None:
        with self._changed:
            self._view = change(self._view)
            self._changed.notify_all()


class _LeftError(Exception):
    """A merge was left because the index is being closed."""


def _ids_in(runs: Sequence[Run]) -> int:
    return sum(run.header.count for run in runs)


def _freeze(view: _View, end: int) -> _View:
    return replace(view, newest=_Table(end), frozen=(*view.frozen, view.newest))
