"""Which paths an object store holds: those of C2SP tlog-tiles, and no other.

The expressions admit exactly one spelling of each path, so that what they admit cannot lead out of the log's folder.
"""

from __future__ import annotations

import re

from indelible.errors import FormatError

__all__ = ["CHECKPOINT", "check_path", "check_tile_path", "is_object", "is_partial"]

CHECKPOINT = "checkpoint"

_NUMBER = r"(?:x(?!000)[0-9]{3}/(?:x[0-9]{3}/){0,5})?[0-9]{3}"
_WIDTH = r"(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_TILE = re.compile(rf"tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/{_NUMBER}(?P<partial>\.p/{_WIDTH})?")


def is_object(path: str) -> bool:
    """Whether this is the path of any object."""
    return path == CHECKPOINT or _TILE.fullmatch(path) is not None


def check_path(path: str) -> None:
    """Check the path of any object.

    Raises:
        FormatError: it is none.
    """
    if path != CHECKPOINT:
        check_tile_path(path)


def check_tile_path(path: str) -> None:
    """Check the path of a tile or entry bundle.

    Raises:
        FormatError: it is none.
    """
    if _TILE.fullmatch(path) is None:
        raise FormatError(f"{path[:100]!r} is not a path of a tlog-tiles log")


def is_partial(path: str) -> bool:
    """Whether this is the path of a partial tile or bundle."""
    found = _TILE.fullmatch(path)
    return found is not None and found["partial"] is not None
