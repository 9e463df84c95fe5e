"""Questions about a request's bytes that are cheaper than parsing, and exact.

They let :mod:`indelible.events.preparation` take the fast decoder's word: what it cannot see (duplicate keys, which it
drops; escapes that spell a quote or U+0000; keys whose order differs between UTF-8 and UTF-16) is seen here.
"""

from __future__ import annotations

import numpy as np

__all__ = ["count_quotes", "hides_something", "is_one_per_line", "may_sort_otherwise"]

_SMALL = 4096
_HIDING_ESCAPES = (b"\\u0000", b"\\u0022", b"\\u0024")  # U+0000; a quote that counts as none; the $ of a reserved key
_HIGH_ESCAPES = tuple(b"\\u" + digit for digit in (b"d", b"D", b"e", b"E", b"f", b"F"))
_HIGH_LEADS = tuple(bytes([lead]) for lead in range(0xEE, 0xF5))  # UTF-8 of U+E000 to U+10FFFF begins with one of these


def hides_something(body: bytes) -> bool:
    """Whether ``body`` may hold U+0000, a quote that is not spelled as one, or the reserved key; errs towards yes."""
    if b"\\" in body and b"\\u" in body and any(escape in body for escape in _HIDING_ESCAPES):
        return True
    return b"$" in body and b"$sealed" in body


def may_sort_otherwise(body: bytes) -> bool:
    """Whether ``body`` may hold a character beyond U+DFFF, which sorts otherwise in UTF-16; errs towards yes."""
    if not body.isascii() and any(lead in body for lead in _HIGH_LEADS):
        return True
    return b"\\" in body and b"\\u" in body and any(escape in body for escape in _HIGH_ESCAPES)


def count_quotes(data: bytes) -> int:
    """How many ``"`` are in ``data``."""
    if len(data) < _SMALL:
        return data.count(b'"')
    # Quotes stand so close together that bytes.count spends its time on restarting.
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == 0x22))


def is_one_per_line(body: bytes, count: int) -> bool:
    """Whether ``body``, known to hold ``count`` JSON objects one after another, has each on one line of its own.

    A line feed within a JSON text could only be white space between tokens; ``}``, line feed, ``{`` occurs in no JSON
    text, so it always parts two.
    """
    end = len(body) - 1 if body.endswith(b"\n") else len(body)
    if len(body) < _SMALL:
        return body.count(b"\n", 0, end) == body.count(b"}\n{", 0, end) == count - 1
    octets = np.frombuffer(body, np.uint8, end)
    feeds = np.flatnonzero(octets == 0x0A)
    if len(feeds) != count - 1:
        return False
    if not len(feeds):
        return True
    inside = bool(feeds[0] > 0 and feeds[-1] < end - 1)
    return inside and bool(np.all(octets[feeds - 1] == 0x7D) and np.all(octets[feeds + 1] == 0x7B))
