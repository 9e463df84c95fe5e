"""Finding bytes in larger bytes, capitals of ASCII or not, many times faster than by making lower case first.

One bit tells ``A`` from ``a``. With that bit set everywhere, capitals are small letters, and some signs are others:
whoever searches so misses nothing, and finds a little more than there is. The data are looked at as numbers of four
bytes, or of fewer where what is looked for is short. Wherever seven neighbouring bytes of it stand, one number lies
whole within them; so comparing all numbers with the four that it can be finds every place. The rest is compared only
there, as long as those are not too many. All of it happens in numpy, which leaves the interpreter to other threads
meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ByteSearch"]

_CASE: Final = 0x20
_MOST_COMPARED: Final = 1 << 20
"""Bytes; each takes eight for its place. Data made of nothing but what is looked for would take any amount."""
_COMMON: Final = b'"etaoinsrdcl:,_-./0123456789 umpfhgbywvkxqjz'
"""What records consist of, most frequent first: what is not here is rarer."""
_WORDS: Final[dict[int, np.dtype[Any]]] = {4: np.dtype("<u4"), 2: np.dtype("<u2"), 1: np.dtype(np.uint8)}
"""Numbers by their width, as wide as there can be: one of them lies within ``2 * width - 1`` bytes anywhere."""


class ByteSearch:
    """Looks for some bytes. Immutable; any thread may use it."""

    def __init__(self, wanted: bytes) -> None:
        """Look for ``wanted``: at least one byte, without capitals of ASCII."""
        width = next(width for width in _WORDS if 2 * width - 1 <= len(wanted))
        self._offset = _rarest(wanted, 2 * width - 1)
        span = wanted[self._offset : self._offset + 2 * width - 1]
        self._word: np.dtype[Any] = _WORDS[width]
        self._folds = span.upper() != span
        self._wanted = np.bitwise_or(np.frombuffer(wanted, np.uint8), _CASE)
        compared = self._wanted.tobytes() if self._folds else wanted
        self._windows = [
            np.frombuffer(compared, self._word, count=1, offset=at)[0]
            for at in range(self._offset, self._offset + width)
        ]

    def places(self, data: bytes) -> NDArray[np.int64]:
        """Where ``wanted`` may begin in ``data``, in no particular order.

        Every place where it does begin is among them; where it does not, others may be.
        """
        given = np.frombuffer(data, np.uint8)
        width = self._word.itemsize
        folded = np.bitwise_or(given, _CASE) if self._folds else given
        words = folded[: len(folded) // width * width].view(self._word)
        found = []
        for at, window in enumerate(self._windows, self._offset):
            hits = words == window
            if hits.any():
                found.append(np.flatnonzero(hits) * width - at)
        places = np.concatenate(found) if found else np.array([], np.int64)
        length = len(self._wanted)
        places = places[(places >= 0) & (places <= len(given) - length)]
        if length > 1 and 0 < len(places) * length <= _MOST_COMPARED:
            parts = np.bitwise_or(given[places[:, None] + np.arange(length)], _CASE)
            places = places[(parts == self._wanted).all(axis=1)]
        return places


def _rarest(wanted: bytes, width: int) -> int:
    """Where the ``width`` bytes stand that records probably hold least often."""

    def commonness(offset: int) -> int:
        window = wanted[offset : offset + width]
        return sum(len(_COMMON) - _COMMON.index(byte) for byte in window if byte in _COMMON)

    return min(range(len(wanted) - width + 1), key=commonness)
