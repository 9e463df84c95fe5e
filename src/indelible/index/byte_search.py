"""Finding bytes in larger bytes, capitals of ASCII or not, many times faster than by making lower case first.

One bit tells ``A`` from ``a``. With that bit set everywhere, capitals are small letters, and some signs are others:
whoever searches so misses nothing, and finds a little more than there is. Four neighbouring bytes of what is looked for
are compared as one number, at every place at once, and the rest only where they fit, as long as those are not too many.
All of it happens in numpy, which leaves the interpreter to other threads meanwhile.
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
_WORDS: Final[dict[int, np.dtype[Any]]] = {1: np.dtype(np.uint8), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


class ByteSearch:
    """Looks for some bytes. Immutable; any thread may use it."""

    def __init__(self, wanted: bytes) -> None:
        """Look for ``wanted``: at least one byte, without capitals of ASCII."""
        self._wanted = np.bitwise_or(np.frombuffer(wanted, np.uint8), _CASE)
        self._width = 4 if len(wanted) >= 4 else 2 if len(wanted) >= 2 else 1
        self._offset = _rarest(self._wanted.tobytes(), self._width)
        window = self._wanted[self._offset : self._offset + self._width].tobytes()
        self._window = np.frombuffer(window, _WORDS[self._width])[0]

    def places(self, data: bytes) -> NDArray[np.int64]:
        """Where ``wanted`` may begin in ``data``, in no particular order.

        Every place where it does begin is among them; where it does not, others may be.
        """
        folded = np.bitwise_or(np.frombuffer(data, np.uint8), _CASE)
        found = []
        for shift in range(self._width):
            count = (len(folded) - shift) // self._width
            if count > 0:
                words = folded[shift : shift + count * self._width].view(_WORDS[self._width])
                hits = words == self._window
                if hits.any():
                    found.append(np.flatnonzero(hits) * self._width + (shift - self._offset))
        places = np.concatenate(found) if found else np.array([], np.int64)
        length = len(self._wanted)
        places = places[(places >= 0) & (places <= len(folded) - length)]
        if length > self._width and 0 < len(places) * length <= _MOST_COMPARED:
            fits = (folded[places[:, None] + np.arange(length)] == self._wanted).all(axis=1)
            places = places[fits]
        return places


def _rarest(wanted: bytes, width: int) -> int:
    """Where the ``width`` bytes stand that records probably hold least often."""

    def commonness(offset: int) -> int:
        window = wanted[offset : offset + width]
        return sum(len(_COMMON) - _COMMON.index(byte) for byte in window if byte in _COMMON)

    return min(range(len(wanted) - width + 1), key=commonness)
