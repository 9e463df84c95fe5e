"""A log in a data directory as something to verify: its folder, and what lies beside it.

The bridge between :mod:`indelible.verify`, which knows no storage, and :mod:`indelible.storage.posix`, which knows no
verification. Needs neither the writer's lock nor a key, and writes nothing. Findings name files relative to the data
directory.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indelible.errors import Damaged
from indelible.storage.posix import read_checkpoint_state, read_journal, verify_run
from indelible.storage.posix.run_file import Run
from indelible.storage.posix.run_set import choose_runs
from indelible.verify.beside import Beside, IdBlock, JournalRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.storage.posix import JournalReader, LogPaths

__all__ = ["beside_log"]

_IDS_A_BLOCK = 2**18
_ATTEMPTS = 5


def beside_log(paths: LogPaths) -> Beside:
    """The journal, the id runs and the checkpoint state of one log."""
    notes: list[str] = []

    def journal() -> JournalRecords:
        with _relative(paths.data):
            reader = read_journal(paths.journal)
        if reader.torn is not None:
            torn = reader.torn
            where = f"{torn.path.relative_to(paths.data).as_posix()}, from byte {torn.offset} on"
            notes.append(f"the journal ends in a group that is being written, or was cut short by a crash: {where}")
        return JournalRecords(start=reader.start, end=reader.end, records=_replay(reader, paths.data))

    def ids() -> Iterator[IdBlock]:
        with _relative(paths.data):
            for run in _verified_runs(paths.ids):
                yield from _blocks(run, paths.data)

    def committed() -> tuple[int, bytes]:
        with _relative(paths.data):
            state = read_checkpoint_state(paths.checkpoint_state)
            if state is None:
                raise Damaged(
                    "the checkpoint state is not there",
                    path=paths.checkpoint_state,
                    remedy="restore it from a copy of the same moment as the log's folder",
                )
        return state.size, state.root

    return Beside(journal=journal, ids=ids, committed=committed, notes=notes)


@contextmanager
def _relative(data: Path) -> Iterator[None]:
    """Make errors name files relative to the data directory."""
    try:
        yield
    except Damaged as error:
        path = Path(error.path)
        if path.is_relative_to(data):
            error.path = path.relative_to(data).as_posix()
        raise


def _replay(reader: JournalReader, data: Path) -> Iterator[tuple[int, bytes]]:
    with reader, _relative(data):
        yield from reader.replay(reader.start)


def _verified_runs(folder: Path) -> Iterator[Run]:
    """Each run that counts, in the order of entries, checked by itself; a running log may merge them meanwhile."""
    covered = 0
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            for path in choose_runs(folder)[0]:
                run = Run(path)
                if run.header.end > covered:
                    verify_run(path)
                    yield run
                    covered = run.header.end
        except FileNotFoundError:
            if attempt == _ATTEMPTS and folder.exists():
                raise
        else:
            return


def _blocks(run: Run, data: Path) -> Iterator[IdBlock]:
    path = run.path.relative_to(data).as_posix()
    for start in range(0, run.header.count, _IDS_A_BLOCK):
        part = slice(start, start + _IDS_A_BLOCK)
        halves = np.stack((run.keys.high[part], run.keys.low[part]), axis=1).astype(">u8")
        indices = run.indices[part].astype(np.int64) + run.header.first
        yield IdBlock(path=path, ids=halves.tobytes(), indices=indices)
