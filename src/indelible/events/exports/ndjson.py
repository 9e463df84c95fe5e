"""NDJSON: a record a line, its own fields and ``index`` (and ``published``) before them.

The only format that loses nothing and changes nothing, and the quickest: a record's bytes are not parsed but spliced.
Without the members added here, the RFC 8785 bytes of a line are the log's entry again.

Records come many at once, and so they are looked at and spliced. Only where that finds anything unusual is each looked
at alone.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType

from indelible.errors import FormatError
from indelible.events.exports.format import DAMAGED, ExportFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NDJSON", "with_index"]

# What stands after the index; the entry's own first member follows.
_JOINTS: Final = {None: b",", True: b',"published":true,', False: b',"published":false,'}


class _Ours(Struct):
    """The members that are added here: no record has any of them."""

    index: UnsetType = UNSET
    published: UnsetType = UNSET
    damaged: UnsetType = UNSET


_DECODER: Final = msgspec.json.Decoder(_Ours)
_NOT_RECORDS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LINE_FEED: Final = 0x0A  # a number is found in bytes several times faster than bytes are
_CARRIAGE_RETURN: Final = 0x0D
_SPACE: Final = 0x20  # below it are the control characters


def with_index(entry: bytes, index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
    """The JSON object of ``entry`` with ``index``, and ``published`` unless it is ``None``, as its first members.

    ``entry`` is a record's canonical bytes: an object that is not empty, without white space, with neither of these
    two members (a record has no such fields).

    Raises:
        FormatError: when ``entry`` does not begin and end as such an object does; more is not looked at.
    """
    if not entry.startswith(b'{"') or not entry.endswith(b"}"):
        raise FormatError(f"the entry at index {index} is not a record in canonical JSON")
    return b'{"index":%d%b%b' % (index, _JOINTS[published], entry[1:])


def _encode(index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
    _check(entry)
    return with_index(entry, index, published) + b"\n"


def _check(entry: bytes) -> None:
    """Refuse what would make a line no JSON, or let it claim to be another entry's. For speed, no more than that."""
    try:
        _DECODER.decode(entry)
        if not entry.isascii():
            entry.decode()  # msgspec only skips the strings that it does not keep
    except _NOT_RECORDS as error:
        raise FormatError(f"this entry is not a record: {error}") from error
    if _LINE_FEED in entry or _CARRIAGE_RETURN in entry:
        raise FormatError("this entry is not a record in canonical JSON")


def _encode_run(indices: Sequence[int], entries: Sequence[bytes], published: bool | None) -> bytes | None:  # noqa: FBT001  as in Run
    if not _are_well(entries):
        return None
    head = b'{"index":%%d%b\n' % _JOINTS[published]  # all of them are made by one formatting, and joined to the rests
    heads = (head * len(entries) % tuple(indices)).splitlines()
    rests = [entry[1:] for entry in entries]
    return b"".join(chain.from_iterable(zip(heads, rests, repeat(b"\n"))))


def _are_well(entries: Sequence[bytes]) -> bool:
    """Whether :func:`with_index` and :func:`_check` would pass each; some that they would pass may make it false.

    All are read as one text, a line each. That as many objects were found as there are lines means that each line is
    one: every line begins one, and none goes on into the next. For a line feed cannot be in a string, and what stands
    around these, ``}`` and ``{``, can only follow each other between two objects.
    """
    if {entry[:2] + entry[-1:] for entry in entries} != {b'{"}'}:
        return False
    lines = b"\n".join(entries)
    if np.count_nonzero(np.frombuffer(lines, np.uint8) < _SPACE) != len(entries) - 1:
        return False  # a control character: canonical JSON has none
    try:
        if not lines.isascii():
            lines.decode()
        return len(_DECODER.decode_lines(lines)) == len(entries)
    except _NOT_RECORDS:
        return False


def _damaged(index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
    line = {"index": index, **({} if published is None else {"published": published}), "damaged": DAMAGED}
    return msgspec.json.encode(line) + b"\n"


NDJSON: Final = ExportFormat(
    name="ndjson",
    media_type="application/x-ndjson",
    suffix=".ndjson",
    encode=_encode,
    encode_run=_encode_run,
    damaged=_damaged,
)
"""The record itself, one a line."""
