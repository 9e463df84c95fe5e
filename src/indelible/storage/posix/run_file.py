"""One run of the id index on disk: written once, then mapped into memory and searched.

The bytes are described in :mod:`indelible.storage.posix.run_format`.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from indelible.errors import Damaged, InternalError
from indelible.storage.posix.bloom import bloom_add, bloom_bits, bloom_pass
from indelible.storage.posix.files import open_to_read
from indelible.storage.posix.id_columns import Keys, insertion_points
from indelible.storage.posix.run_format import COLUMNS, RUN_HEADER_SIZE, RunHeader, parse_run_name

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indelible.storage.posix.id_columns import U32, U64, Int64
    from indelible.storage.posix.staging import Staging

__all__ = ["Run", "RunWriter", "verify_run"]

_Number = TypeVar("_Number", np.uint8, np.uint32, np.uint64)
_CHUNK = 1 << 18
_KEPT = 64
"""Searches after which the pages that they touched are given back: they stay in the page cache, and cost no memory.

A search touches some twenty places, and the kernel maps sixteen pages around each.
"""


class Run:
    """A run, mapped for searching. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        """Map a run and check its header.

        Raises:
            FileNotFoundError: it is not there.
            Damaged: it is not the run that its name says.
        """
        self.path = path
        descriptor = open_to_read(path)
        try:
            size = os.fstat(descriptor).st_size
            try:
                self.header = header = RunHeader.parse(os.pread(descriptor, RUN_HEADER_SIZE, 0))
            except ValueError as error:
                raise self.damaged(str(error), 0) from error
            if size != header.size:
                raise self.damaged(f"it has {size} bytes instead of {header.size}", min(size, header.size))
            self._map = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        low, high, index, bloom = header.spans
        self.keys = Keys(_column(self._map, np.uint64, low), _column(self._map, np.uint64, high))
        self.indices: U32 = _column(self._map, np.uint32, index)
        self.bloom: NDArray[np.uint8] = _column(self._map, np.uint8, bloom)
        self._searched = 0

    def overlaps(self, smallest: int, largest: int) -> bool:
        """Whether an id with its high half in ``[smallest, largest]`` may be here."""
        return smallest <= self.header.largest and self.header.smallest <= largest

    def find(self, wanted: Keys, hashes: U64) -> tuple[Int64, Int64]:
        """The positions within ``wanted`` of the ids that are here, and the indices of their entries."""
        maybe = bloom_pass(self.bloom, hashes)
        if not maybe.size:
            return maybe, maybe
        keys = wanted.take(maybe)
        places = insertion_points(self.keys, keys)
        inside = np.minimum(places, len(self.keys) - 1)
        hit = (places == inside) & (self.keys.low[inside] == keys.low) & (self.keys.high[inside] == keys.high)
        indices = self.indices[inside[hit]].astype(np.int64) + self.header.first
        self._forget_after(len(keys))
        return maybe[hit], indices

    def forget(self) -> None:
        """Give back the memory of what was read; it is read again when needed."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def check_digests(self) -> None:
        """Read all of the file once, without keeping it.

        Raises:
            Damaged: a column is not what was written.
        """
        descriptor = open_to_read(self.path)
        try:
            for name, (offset, length), expected in zip(COLUMNS, self.header.spans, self.header.digests, strict=True):
                if _digest(descriptor, offset, length) != expected:
                    raise self.damaged(f"the column {name} is not what was written", offset)
            end_of_indices = sum(self.header.spans[2])
            padding = os.pread(descriptor, self.header.spans[3][0] - end_of_indices, end_of_indices)
            if any(padding):
                raise self.damaged("there should be zeros", end_of_indices)
        finally:
            os.close(descriptor)

    def damaged(self, detail: str, offset: int) -> Damaged:
        """The error for damage at a place of this file."""
        return Damaged(
            detail,
            path=self.path,
            offset=offset,
            remedy="restore it from a copy; or move it and the runs of later entries away, and the next start makes "
            "them again from the log",
        )

    def _forget_after(self, searches: int) -> None:
        self._searched += searches  # a count lost between threads does no harm
        if self._searched >= _KEPT:
            self._searched = 0
            self.forget()


def _column(file: mmap.mmap, kind: type[_Number], span: tuple[int, int]) -> NDArray[_Number]:
    offset, length = span
    little = np.dtype(kind).newbyteorder("<")
    return np.frombuffer(file, dtype=little, count=length // little.itemsize, offset=offset)


def _digest(descriptor: int, offset: int, length: int) -> bytes:
    digest = hashlib.sha256()
    end = offset + length
    while offset < end and (data := os.pread(descriptor, min(_CHUNK, end - offset), offset)):
        digest.update(data)
        offset += len(data)
    return digest.digest()


class RunWriter:
    """Writes a run, chunk by chunk in the order of its ids, into a temporary file."""

    def __init__(self, staging: Staging, first: int, end: int) -> None:
        """Begin a run of the entries ``[first, end)``.

        Raises:
            StorageFull: nothing was written.
        """
        self._first = first
        self._end = end
        self._disk = staging.disk
        self._file = staging.open()
        self._bloom = np.zeros(bloom_bits(end - first) // 8, dtype=np.uint8)
        self._digests = [hashlib.sha256() for _ in COLUMNS]
        self._spans = RunHeader(first=first, end=end, smallest=0, largest=0, digests=()).spans
        self._written = 0
        self._smallest = (1 << 64) - 1
        self._largest = 0

    @property
    def path(self) -> Path:
        """The temporary file."""
        return self._file.path

    def write(self, keys: Keys, indices: U32) -> None:
        """Write the next ids in order, and the indices of their entries, counted from ``first``."""
        self._put(0, keys.low.astype("<u8", copy=False).tobytes(), self._written * 8)
        self._put(1, keys.high.astype("<u8", copy=False).tobytes(), self._written * 8)
        self._put(2, indices.astype("<u4", copy=False).tobytes(), self._written * 4)
        bloom_add(self._bloom, keys.hashes())
        self._smallest = min(self._smallest, int(keys.high.min()))
        self._largest = max(self._largest, int(keys.high.max()))
        self._written += len(keys)

    def finish(self) -> None:
        """Write filter and header, and make the file durable; its name is not."""
        if self._written != self._end - self._first:
            raise InternalError(f"{self._written} ids for the entries [{self._first}, {self._end})")
        self._put(3, self._bloom.tobytes(), 0)
        header = RunHeader(
            first=self._first,
            end=self._end,
            smallest=self._smallest,
            largest=self._largest,
            digests=tuple(digest.digest() for digest in self._digests),
        )
        self._disk.write(self._file, header.encode(), 0)
        self._disk.sync(self._file)

    def close(self) -> None:
        """Close the file, finished or not."""
        self._disk.close(self._file)

    def _put(self, column: int, data: bytes, offset: int) -> None:
        self._digests[column].update(data)
        self._disk.write(self._file, data, self._spans[column][0] + offset)


def verify_run(path: Path) -> None:
    """Check everything about a run that can be checked without the log.

    Raises:
        FileNotFoundError: it is not there.
        Damaged: it is not what was written, or cannot have been written.
    """
    run = Run(path)
    if parse_run_name(path.name) != (run.header.first, run.header.end):
        raise run.damaged("it is not the run that its name says", 16)
    run.check_digests()
    bloom = np.zeros_like(run.bloom)
    seen = np.zeros(run.header.count, dtype=np.bool_)
    smallest, largest = (1 << 64) - 1, 0
    for start in range(0, run.header.count, _CHUNK):
        part = slice(start, start + _CHUNK)
        _check_order(run, slice(max(start - 1, 0), start + _CHUNK))
        keys = Keys(run.keys.low[part], run.keys.high[part])
        smallest, largest = min(smallest, int(keys.high.min())), max(largest, int(keys.high.max()))
        indices = run.indices[part]
        seen[indices[indices < run.header.count]] = True
        bloom_add(bloom, keys.hashes())
        run.forget()
    if (smallest, largest) != (run.header.smallest, run.header.largest):
        raise run.damaged("its ids lie outside of the bounds in its header", 40)
    if not bool(seen.all()):
        raise run.damaged("its indices are not those of its entries", run.header.spans[2][0])
    if not np.array_equal(bloom, run.bloom):
        raise run.damaged("its Bloom filter is not that of its ids", run.header.spans[3][0])


def _check_order(run: Run, part: slice) -> None:
    low, high = run.keys.low[part], run.keys.high[part]
    rising = (low[1:] > low[:-1]) | ((low[1:] == low[:-1]) & (high[1:] > high[:-1]))
    if not bool(rising.all()):
        raise run.damaged("its ids are not in order", RUN_HEADER_SIZE)
