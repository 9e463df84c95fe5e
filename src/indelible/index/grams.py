"""Grams: short runs of bytes, each hashed to a row of a table, by which most of a log is ruled out unread.

Two kinds, for two kinds of text. *Words*: every run of four bytes, in which all decimal digits count as the same, so
that numbers and hashes, of which records are full, take few rows and leave the others to language. *Numbers*: runs of
six bytes as they are, one in four, chosen by their first four bytes; a text of a dozen hexadecimal digits has some, and
few places have all of them. Capitals of ASCII are small letters in both.

Whatever holds a text holds all of its grams, since which run is chosen depends on the run alone. Bytes may be taken
piece by piece if the pieces overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OVERLAP", "GramRows"]

OVERLAP: Final = 5
"""By how many bytes pieces have to overlap, so that no gram is lost between them."""

_WORD: Final = 4
_NUMBER: Final = 6
_SAME_DIGITS: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789", b"abcdefghijklmnopqrstuvwxyz000000000")
_WINDOW: Final = np.dtype("<u4")
# Odd numbers whose products spread over the high bits.
_SPREAD: Final = np.uint32(0x9E3779B1)
_HEAD: Final = np.uint32(0x85EBCA6B)
_TAIL: Final = np.uint32(0xC2B2AE35)
_CHOSEN: Final = np.uint32(0x40000000)
"""Of all 32-bit numbers, those below are a quarter."""
_NONE: Final = np.empty(0, np.intp)


class GramRows:
    """Which rows of a table the grams of some bytes take. Immutable.

    The first ``1 << bits`` rows are for numbers, half as many after them for words.
    """

    def __init__(self, bits: int) -> None:
        """``bits``, in ``[1, 31]``, are those of the number of rows for numbers."""
        self.count = (1 << bits) + (1 << bits - 1)
        self._words = 1 << bits
        self._number_shift = np.uint32(32 - bits)
        self._word_shift = np.uint32(33 - bits)

    def of(self, data: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows of all grams of ``data``, some of them several times: of words, and of numbers."""
        return self._of_words(data), self._of_numbers(data)

    def _of_words(self, data: bytes) -> NDArray[np.intp]:
        if len(data) < _WORD:
            return _NONE
        rows = _windows(data.translate(_SAME_DIGITS))
        rows *= _SPREAD
        rows >>= self._word_shift
        found = rows.astype(np.intp)
        found += self._words
        return found

    def _of_numbers(self, data: bytes) -> NDArray[np.intp]:
        if len(data) < _NUMBER:
            return _NONE
        windows = _windows(data.lower())
        spread = windows[: -(_NUMBER - _WORD)] * _SPREAD
        chosen = np.flatnonzero(spread < _CHOSEN)
        rows = spread[chosen]
        rows ^= rows >> np.uint32(15)
        rows *= _HEAD
        rows ^= windows[chosen + (_NUMBER - _WORD)] * _TAIL
        rows *= _SPREAD
        rows >>= self._number_shift
        return rows.astype(np.intp)


def _windows(data: bytes) -> NDArray[np.uint32]:
    """The number that each four neighbouring bytes are, at every place."""
    return np.array(np.ndarray((len(data) - _WORD + 1,), _WINDOW, data, 0, (1,)), np.uint32)
