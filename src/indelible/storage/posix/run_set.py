"""The runs of one id index together: which files count, and looking ids up in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import Damaged
from indelible.storage.posix.files import read_steadily
from indelible.storage.posix.id_columns import ID_SIZE, keys_of
from indelible.storage.posix.run_file import Run
from indelible.storage.posix.run_format import parse_run_name, run_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["IdReader", "choose_runs", "read_ids", "search_runs"]


def choose_runs(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files that make up the index, oldest entries first, and those that a merge has superseded.

    A run is complete when it has its name, and a merged one gets its name before those that went into it lose theirs.
    So after a crash a run may lie wholly within another, and only that one counts.

    Raises:
        FileNotFoundError: the folder is not there.
        Damaged: there is a gap, two runs overlap otherwise, or a name is none of a run.
    """
    found = []
    for path in folder.iterdir():
        span = parse_run_name(path.name)
        if span is None:
            raise Damaged("no run of an id index is named so", path=path, remedy="move it away")
        found.append((span, path))
    kept: list[Path] = []
    superseded: list[Path] = []
    end = 0
    for (first, stop), path in sorted(found, key=lambda item: (item[0][0], -item[0][1])):
        if stop <= end:
            superseded.append(path)
        elif first == end:
            kept.append(path)
            end = stop
        else:
            raise Damaged(
                f"the runs before it end with entry {end}"
                if first > end
                else f"a run before it reaches to entry {end}",
                path=folder / run_name(first, stop),
                remedy=f"restore the run that is missing; or move all runs from entry {end} on away, and the next "
                "start makes them again from the log",
            )
    return kept, superseded


def search_runs(runs: Iterable[Run], ids: Sequence[bytes], found: list[int | None]) -> None:
    """Put into ``found`` the indices of those ids that are still ``None`` there and are in one of the runs."""
    unknown = [position for position, index in enumerate(found) if index is None]
    if not unknown:
        return
    wanted = [ids[position] for position in unknown]
    smallest = int.from_bytes(min(wanted)[: ID_SIZE // 2])
    largest = int.from_bytes(max(wanted)[: ID_SIZE // 2])
    # New ids carry the time, and lie above all that older runs hold: ordinarily nothing is searched at all.
    overlapping = [run for run in runs if run.overlaps(smallest, largest)]
    if not overlapping:
        return
    keys = keys_of(wanted)
    hashes = keys.hashes()
    for run in overlapping:
        positions, indices = run.find(keys, hashes)
        for position, index in zip(positions.tolist(), indices.tolist(), strict=True):
            found[unknown[position]] = index


class IdReader:
    """The part of an index that is on disk, for a process that does not write it. Safe to use from any thread."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = tuple(runs)

    @property
    def end(self) -> int:
        """Ids of entries below this index are covered; a running writer holds newer ones in its memory."""
        return self._runs[-1].header.end if self._runs else 0

    def lookup(self, ids: Sequence[bytes]) -> list[int | None]:
        """The index of each id, or ``None`` for one that no covered entry has."""
        found: list[int | None] = [None] * len(ids)
        search_runs(self._runs, ids, found)
        return found


def read_ids(folder: Path) -> IdReader:
    """Open the runs in a folder without writing anything; a writer may be merging them meanwhile.

    Raises:
        Damaged: the folder is not there, or a run is missing, or not what was written.
    """
    return read_steadily(folder, lambda folder: IdReader([Run(path) for path in choose_runs(folder)[0]]))
