"""The file of one text filter: for each row of grams, in which stretches of its segment they occur.

It lies beside its segment and has its name, with ``.grams`` for ``.parquet``. All numbers are little-endian:

=======  =======  =======================================================================
offset   size     field
=======  =======  =======================================================================
0        8        magic, ``f7 'i' 'n' 'd' 'l' 'g' 'r' 'm'``
8        4        version, 2
12       4        the number of rows for words (:mod:`indelible.index.grams`)
16       8        the first index of the segment
24       8        the index after its last
32       32       SHA-256 of the segment
64       4 *p*    CRC-32C of each of the *p* pages
64+4*p*  4        CRC-32C of all bytes before
=======  =======  =======================================================================

Zeros follow up to a multiple of 4,096, and then the rows, 8 bytes each: a set of stretches
(:mod:`indelible.index.stretches`). They are read in *pages* of 4,096 bytes, each of which is checked whenever it is
read. So a look takes a few pages of a file, nothing is kept in memory, and a filter that is damaged never says no.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import google_crc32c
import numpy as np

from indelible.index.grams import GramRows
from indelible.index.stretches import ALL

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = ["SUFFIX", "FilterFacts", "TextFilterFile", "write_filter"]

SUFFIX: Final = ".grams"

_MAGIC: Final = b"\xf7indlgrm"
_VERSION: Final = 2
_HEAD: Final = struct.Struct("<8sIIQQ32s")
_CRC: Final = struct.Struct("<I")
_PAGE: Final = 4_096
_ROW: Final = np.dtype("<u8")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterFacts:
    """What a filter is of.

    Attributes:
        words: The number of rows for words, see :class:`GramRows`.
        first: The first index of the segment.
        end: The index after its last.
        segment: The segment's SHA-256.
    """

    words: int
    first: int
    end: int
    segment: bytes

    def encode(self) -> bytes:
        """How its file begins."""
        return _HEAD.pack(_MAGIC, _VERSION, self.words, self.first, self.end, self.segment)

    @property
    def pages(self) -> int:
        """How many pages of rows there are."""
        return -(-GramRows(self.words).count * _ROW.itemsize // _PAGE)

    @property
    def start(self) -> int:
        """Where the first page begins."""
        return -(-(_HEAD.size + (self.pages + 1) * _CRC.size) // _PAGE) * _PAGE


def write_filter(facts: FilterFacts, rows: NDArray[np.uint64], staged: Path, path: Path) -> None:
    """Write a filter to ``path`` by way of the file ``staged``.

    It is not synced: what a crash leaves of it fails its checks, and it is built again.

    Raises:
        OSError: it could not be written.
    """
    body = rows.astype(_ROW).tobytes().ljust(facts.pages * _PAGE, b"\0")
    checks = [google_crc32c.value(body[at : at + _PAGE]) for at in range(0, len(body), _PAGE)]
    head = facts.encode() + struct.pack(f"<{len(checks)}I", *checks)
    head += _CRC.pack(google_crc32c.value(head))
    staged.write_bytes(head.ljust(facts.start, b"\0") + body)
    staged.replace(path)


class TextFilterFile:
    """A filter, open to be asked. Use it as a context manager."""

    def __init__(self, path: Path, facts: FilterFacts) -> None:
        """Open the filter at ``path``, which must be what ``facts`` say.

        Raises:
            ValueError: it is damaged, of another version, or of another segment; says why.
            OSError: it cannot be read, or is not there.
        """
        self._facts = facts
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._checks = self._read_head()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._file)

    def stretches(self, rows: NDArray[np.intp]) -> int:
        """The stretches in which all of some rows occur.

        Raises:
            ValueError: what is read is damaged.
            OSError: it cannot be read.
        """
        found = ALL
        known: dict[int, bytes] = {}
        for row in rows.tolist():
            number, offset = divmod(row * _ROW.itemsize, _PAGE)
            if number not in known:
                known[number] = self._page(number)
            found &= int.from_bytes(known[number][offset : offset + _ROW.itemsize], "little")
            if not found:
                break
        return found

    def _read_head(self) -> tuple[int, ...]:
        facts = self._facts
        size = _HEAD.size + facts.pages * _CRC.size
        head = os.pread(self._file, size + _CRC.size, 0)
        if len(head) < size + _CRC.size or head[size:] != _CRC.pack(google_crc32c.value(head[:size])):
            raise ValueError("its header is damaged")
        if not head.startswith(facts.encode()):
            raise ValueError("it is of another segment or version")
        return struct.unpack_from(f"<{facts.pages}I", head, _HEAD.size)

    def _page(self, number: int) -> bytes:
        page = os.pread(self._file, _PAGE, self._facts.start + number * _PAGE)
        if len(page) != _PAGE or google_crc32c.value(page) != self._checks[number]:
            raise ValueError("a page of it is damaged")
        return page
