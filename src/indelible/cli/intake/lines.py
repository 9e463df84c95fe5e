"""NDJSON: Indelible's own events, one a line.

An event without an id gets one that depends on the log, the file's name, the line's number and its content: importing
the file again, or after it has grown, adds only what is new.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import TYPE_CHECKING

import msgspec

from indelible.cli.intake.items import Candidate, Refused
from indelible.events.identity import foreign_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.cli.intake.files import InputFile
    from indelible.cli.intake.items import Item

__all__ = ["read_lines"]

_LONGEST_LINE = 1 << 20  # an entry is at most 65,535 bytes; white space and escapes do not make it sixteen times longer
_FORMAT = "ndjson"


class _Head(msgspec.Struct):
    id: object = None


_HEAD = msgspec.json.Decoder(_Head)


def read_lines(file: InputFile, *, origin: str, advance: Callable[[int], None]) -> Iterator[Item]:
    """Yield the events of a file; ``advance`` is told how many bytes of it have been read. Empty lines are skipped."""
    name = file.path.name.removesuffix(".gz") if file.path is not None else file.name
    with file.open() as (content, stored):
        number = 0
        while True:
            number += 1
            place = f"line {number}"
            try:
                line = content.readline(_LONGEST_LINE + 1)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield Refused(file.name, place, f"the gzip file is damaged here: {error}")
                return
            if not line:
                return
            if stored.seekable():
                advance(stored.tell())
            if len(line) > _LONGEST_LINE:
                yield Refused(file.name, place, f"longer than {_LONGEST_LINE:,} bytes")
                while line and not line.endswith(b"\n"):
                    line = content.readline(_LONGEST_LINE)
            elif text := line.strip(b" \t\r\n"):
                yield _item(file.name, place, text, origin=origin, source=name, number=number)


def _item(file: str, place: str, text: bytes, *, origin: str, source: str, number: int) -> Item:
    try:
        head = _HEAD.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused(file, place, f"not an event: {error}")
    if head.id is not None:
        return Candidate(file, place, text)
    name = f"{number}:{hashlib.sha256(text).hexdigest()}"
    event_id = foreign_id(origin=origin, format=_FORMAT, source=source, id=name, milliseconds=None)
    rest = text[1:].lstrip()
    # Put in front as text, so that what the line says is judged exactly as it was written, duplicate keys and all.
    comma = b"" if rest.startswith(b"}") else b","
    return Candidate(file, place, b'{"id":"%s"%s%s' % (event_id.encode(), comma, rest))
