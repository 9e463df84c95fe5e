"""Grams: short runs of bytes, each hashed to a row of a table, by which most of a log is ruled out unread.

Two kinds, for two kinds of text. *Numbers*: every run of five hexadecimal digits. A thousand records full of hashes
hold a tenth of all that there are, where they hold nearly all of four; and a text of eight digits has four of them.
*Words*: every run of four bytes that are not all such digits, in which all decimal digits count as the same; every run
of five bytes as they are, if one is neither such a digit nor a hyphen; and of those of digits and hyphens, as between
the groups of UUIDs, one in four. Capitals of ASCII are small letters.

No gram of words holds a quotation mark. They stand where one string ends and another begins, and no text that is looked
for reaches there; but whatever is different in each record would make grams with what surrounds it.

Whatever holds a text holds all of its grams, since which run is one depends on the run alone. Bytes may be taken piece
by piece if the pieces overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OVERLAP", "GramRows"]

OVERLAP: Final = 4
"""By how many bytes pieces have to overlap, so that no gram is lost between them."""

_SHORT: Final = 4
_LONG: Final = 5
_CAPITALS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SAME_DIGITS: Final = bytes.maketrans(_CAPITALS + b"123456789", _CAPITALS.lower() + b"000000000")

# What a byte is, as bits, so that those of a run are what any of its bytes is.
_NO_DIGIT: Final = 1
_NO_HYPHEN: Final = 2
"""Nor a digit."""
_BORDER: Final = 4
"""A quotation mark, or what stands between entries."""
_KINDS: Final = bytes(
    0
    if byte in b"0123456789abcdefABCDEF"
    else _NO_DIGIT
    if byte in b"-"
    else _NO_DIGIT | _NO_HYPHEN | (_BORDER if byte in b'"\0' else 0)
    for byte in range(256)
)

_WINDOW: Final = np.dtype("<u4")
# Odd numbers whose products spread over the high bits.
_HEAD: Final = np.uint32(0x9E3779B1)
_TAIL: Final = np.uint32(0xC2B2AE35)
_SPREAD: Final = np.uint32(0x85EBCA6B)
_CHOSEN: Final = np.uint32(0x40000000)
"""Of all 32-bit numbers, those below are a quarter."""
_NONE: Final = np.empty(0, np.intp)


class GramRows:
    """Which rows of a table the grams of some bytes take. Immutable.

    Those for numbers come first, and half as many for words after them.
    """

    def __init__(self, words: int) -> None:
        """``words``, in ``[1, 2**30]``, is the number of rows for words."""
        self.count = 3 * words
        self._words = words

    def of(self, data: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows of all grams of ``data``, some of them several times: of numbers, and of words."""
        if len(data) < _SHORT:
            return _NONE, _NONE
        kinds = np.frombuffer(data.translate(_KINDS), np.uint8)
        pairs = kinds[:-1] | kinds[1:]
        fours = pairs[:-2] | pairs[2:]
        short = _windows(data.translate(_SAME_DIGITS))[(fours & (_NO_DIGIT | _BORDER)) == _NO_DIGIT] * _HEAD
        short ^= short >> np.uint32(15)
        short *= _SPREAD
        words = [short]
        numbers = np.empty(0, np.uint32)
        if len(data) >= _LONG:
            fives = fours[:-1] | kinds[_SHORT:]
            hashes = _long_hashes(_windows(data.lower()))
            numbers = hashes[fives == 0]
            hyphened = hashes[fives == _NO_DIGIT]
            words += [hashes[fives == _NO_DIGIT | _NO_HYPHEN], hyphened[hyphened < _CHOSEN] << np.uint32(2)]
        return _scaled(numbers, 2 * self._words), _scaled(np.concatenate(words), self._words) + 2 * self._words


def _windows(data: bytes) -> NDArray[np.uint32]:
    """The number that each four neighbouring bytes are, at every place."""
    return np.array(np.ndarray((len(data) - _SHORT + 1,), _WINDOW, data, 0, (1,)), np.uint32)


def _long_hashes(windows: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A hash of each five neighbouring bytes, which two windows are made of."""
    hashes = windows[:-1] * _HEAD
    hashes ^= hashes >> np.uint32(15)
    hashes += windows[1:] * _TAIL
    hashes ^= hashes >> np.uint32(13)
    hashes *= _SPREAD
    return hashes


def _scaled(hashes: NDArray[np.uint32], count: int) -> NDArray[np.intp]:
    """Of each hash a number in ``[0, count)``: its part of all 32-bit numbers, so that the high bits decide."""
    rows = np.multiply(hashes, np.uint64(count), dtype=np.uint64)
    rows >>= np.uint64(32)
    return rows.astype(np.intp, copy=False)
