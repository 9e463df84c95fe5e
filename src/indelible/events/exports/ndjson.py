"""NDJSON: a record a line, its own fields and ``index`` (and ``published``) before them.

The only format that loses nothing and changes nothing, and the quickest: a record's bytes are not parsed but spliced.
Without the members added here, the RFC 8785 bytes of a line are the log's entry again.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from indelible.errors import FormatError
from indelible.events.exports.format import DAMAGED, ExportFormat

__all__ = ["NDJSON", "with_index"]

# What stands after the index; the entry's own first member follows.
_JOINTS: Final = {None: b",", True: b',"published":true,', False: b',"published":false,'}


class _Ours(Struct):
    """The members that are added here: no record has any of them."""

    index: UnsetType = UNSET
    published: UnsetType = UNSET
    damaged: UnsetType = UNSET


_DECODER: Final = msgspec.json.Decoder(_Ours)
_LINE_FEED: Final = 0x0A  # a number is found in bytes several times faster than bytes are
_CARRIAGE_RETURN: Final = 0x0D


def with_index(entry: bytes, index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Row
    """The JSON object of ``entry`` with ``index``, and ``published`` unless it is ``None``, as its first members.

    ``entry`` is a record's canonical bytes: an object that is not empty, without white space, with neither of these
    two members (a record has no such fields).

    Raises:
        FormatError: when ``entry`` does not begin and end as such an object does; more is not looked at.
    """
    if not entry.startswith(b'{"') or not entry.endswith(b"}"):
        raise FormatError(f"the entry at index {index} is not a record in canonical JSON")
    return b'{"index":%d%b%b' % (index, _JOINTS[published], entry[1:])


def _encode(index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Row
    _check(entry)
    return with_index(entry, index, published) + b"\n"


def _check(entry: bytes) -> None:
    """Refuse what would make a line no JSON, or let it claim to be another entry's. For speed, no more than that."""
    try:
        _DECODER.decode(entry)
        if not entry.isascii():
            entry.decode()  # msgspec only skips the strings that it does not keep
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"this entry is not a record: {error}") from error
    if _LINE_FEED in entry or _CARRIAGE_RETURN in entry:
        raise FormatError("this entry is not a record in canonical JSON")


def _damaged(index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Row
    line = {"index": index, **({} if published is None else {"published": published}), "damaged": DAMAGED}
    return msgspec.json.encode(line) + b"\n"


NDJSON: Final = ExportFormat(
    name="ndjson",
    media_type="application/x-ndjson",
    suffix=".ndjson",
    encode=_encode,
    damaged=_damaged,
)
"""The record itself, one a line."""
