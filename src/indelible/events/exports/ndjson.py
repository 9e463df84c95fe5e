"""NDJSON: a record a line, its own fields and ``index`` (and ``published``) before them.

The only format that loses nothing and changes nothing, and the quickest: a record's bytes are not parsed but spliced.
Without the members added here, the RFC 8785 bytes of a line are the log's entry again.
"""

from __future__ import annotations

from typing import Final

from indelible.errors import FormatError
from indelible.events.exports.format import ExportFormat

__all__ = ["NDJSON", "with_index"]

# What stands after the index; the entry's own first member follows.
_JOINTS: Final = {None: b",", True: b',"published":true,', False: b',"published":false,'}


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
    return with_index(entry, index, published) + b"\n"


NDJSON: Final = ExportFormat(name="ndjson", media_type="application/x-ndjson", suffix=".ndjson", encode=_encode)
"""The record itself, one a line."""
