"""The id of every entry, in the order of the log, on disk: what duplicates and id runs are checked against.

Ids take 16 bytes an entry, so those of a large log do not fit into constant memory; they go to a file, one after
another, and are searched with numpy in as many passes as the memory bound asks for.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np

from indelible.verify.records import ID_BYTES, NO_ID, id_text
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["IdLedger"]

_IDS_A_PASS = 2**22
"""Ids compared at once: some 100 MB of working memory."""


class IdLedger:
    """An append-only file of ids; a temporary one, or one that is kept under ``path`` to go on with later."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile() if path is None else path.open("a+b")  # noqa: SIM115 - closed by close()
        self._count = self._file.seek(0, 2) // ID_BYTES

    def __len__(self) -> int:
        """The number of ids held: the index of the next entry."""
        return self._count

    def truncate(self, count: int) -> None:
        """Forget the ids from index ``count`` on."""
        self._file.truncate(count * ID_BYTES)
        self._file.seek(0, 2)
        self._count = count

    def append(self, ids: bytes | bytearray) -> None:
        """Append the ids of the next entries."""
        self._file.write(ids)
        self._count += len(ids) // ID_BYTES

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Release the file; a temporary one is gone then."""
        self._file.close()

    def duplicates(self) -> Iterator[Finding]:
        """A finding for each entry whose id an earlier entry bears already."""
        ids = self._ids()
        passes = -(-len(ids) // _IDS_A_PASS)
        for turn in range(passes):
            low, indices = self._selected(ids, turn, passes)
            order = np.argsort(low, kind="stable")
            low, indices = low[order], indices[order]
            equal = np.flatnonzero(low[1:] == low[:-1])
            yield from self._repeated(ids, indices, np.union1d(equal, equal + 1))

    def compare(self, ids: bytes, indices: Sequence[int] | NDArray[np.int64], *, path: str) -> Iterator[Finding]:
        """A finding for each of ``ids`` that is not that of the entry at its index; unknown indices are passed over."""
        own = self._ids()
        where = np.asarray(indices, dtype=np.int64)
        claimed = np.frombuffer(ids, dtype=">u8").reshape(-1, 2)
        known = where < len(own)
        where, claimed = where[known], claimed[known]
        for place in np.flatnonzero((own[where] != claimed).any(axis=1)):
            actual = own[where[place]].tobytes()
            if actual != NO_ID:  # an entry that cannot be read is a finding of its own
                yield Finding(
                    kind=FindingKind.MALFORMED,
                    index=int(where[place]),
                    event_id=id_text(actual),
                    path=path,
                    expected=id_text(actual),
                    found=id_text(claimed[place].tobytes()),
                    detail="the id index gives this entry another id than the entry itself",
                )

    def _ids(self) -> NDArray[np.uint64]:
        """All ids as pairs of big-endian 64-bit halves, mapped, not read."""
        self._file.flush()
        if not self._count:
            return np.empty((0, 2), dtype=">u8")
        return np.memmap(self._file, dtype=">u8", mode="r", shape=(self._count, 2))

    @staticmethod
    def _selected(ids: NDArray[np.uint64], turn: int, passes: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The lower halves (62 of their bits are random) that fall into one pass, and their indices."""
        halves, places = [], []
        for start in range(0, len(ids), _IDS_A_PASS):
            low = ids[start : start + _IDS_A_PASS, 1].astype(np.uint64)
            mine = np.flatnonzero((low % np.uint64(passes) == turn) & (low != 0))  # NO_ID alone has a half of zeros
            halves.append(low[mine])
            places.append(mine + start)
        return np.concatenate(halves), np.concatenate(places)

    @staticmethod
    def _repeated(ids: NDArray[np.uint64], indices: NDArray[np.int64], places: NDArray[np.int64]) -> Iterator[Finding]:
        first: dict[bytes, int] = {}
        for index in sorted(int(indices[place]) for place in places):
            id_bytes = ids[index].tobytes()
            before = first.setdefault(id_bytes, index)
            if before != index:
                yield Finding(
                    kind=FindingKind.MALFORMED,
                    index=index,
                    event_id=id_text(id_bytes),
                    detail=f"the entry at index {before} bears the same id",
                )
