"""What an export format is: a frame, and a function from a record to its bytes.

An export is ``header``, the records with ``separator`` between them, ``footer``. A format keeps no state, so exports
run side by side, and one of a billion records takes the memory of one piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from indelible.errors import DamagedObject, FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["DAMAGED", "EncodeDamage", "EncodeRecord", "ExportFormat", "Row", "write_export"]

Row: TypeAlias = tuple[int, bytes, bool | None]
"""A record to export: its index, its entry (the canonical bytes), and whether a signed checkpoint covers it.

``None`` leaves the last out of the export: where everything is published, it says nothing. An entry that cannot be read
is empty.
"""

DAMAGED: Final = "this entry is no record any more; `indelible verify` says more"
"""What an export says in place of a record that somebody at the disk has altered or taken away."""

_PIECE = 65_536


class EncodeRecord(Protocol):
    """Turns one record into bytes."""

    def __call__(self, index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Row
        """The record at ``index`` in the format's form, with the line end that belongs to it.

        Raises:
            FormatError: when ``entry`` is not a record.
        """


class EncodeDamage(Protocol):
    """Says, where a record would be, that there is none any more."""

    def __call__(self, index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Row
        """:data:`DAMAGED` in the format's form, with the line end that belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A format that is written a record at a time.

    Attributes:
        name: What commands and HTTP call it.
        media_type: Of a whole export, with parameters.
        suffix: Of a file that holds one, with its full stop.
        encode: The bytes of one record.
        damaged: What stands in place of an entry that is no record any more; ``None`` where the format has nothing.
        header: What an export begins with.
        separator: What stands between two records.
        footer: What it ends with. Where it is not empty, an export without it is visibly cut off.
    """

    name: str
    media_type: str
    suffix: str
    encode: EncodeRecord
    damaged: EncodeDamage | None = None
    header: bytes = b""
    separator: bytes = b""
    footer: bytes = b""


def write_export(form: ExportFormat, rows: Iterable[Row], *, log: str = "the log") -> Iterator[bytes]:
    """A whole export in pieces of at least 64 KiB, the last one aside. ``rows`` is read as the pieces are taken.

    Raises:
        DamagedObject: while reading on, when an entry is no record any more, and the format has nothing to say so.
    """
    encode, separator = form.encode, form.separator
    held = [form.header]
    size = len(form.header)
    parting = b""
    for index, entry, published in rows:
        try:
            record = encode(index, entry, published)
        except (FormatError, ValueError) as error:  # a time that is none is the latter
            if form.damaged is None:
                detail = f"it is no record any more, and {form.name} has no place to say so; NDJSON and CSV have"
                raise DamagedObject(detail, path=f"entry {index}", log=log) from error
            record = form.damaged(index, published)
        if parting:
            held.append(parting)
        parting = separator
        held.append(record)
        size += len(record)
        if size >= _PIECE:
            yield b"".join(held)
            held.clear()
            size = 0
    held.append(form.footer)
    if last := b"".join(held):
        yield last
