"""What an export format is: a frame, and a function from a record to its bytes.

An export is ``header``, the records with ``separator`` between them, ``footer``. A format keeps no state, so exports
run side by side, and one of a billion records takes the memory of one piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from indelible.errors import DamagedObject, FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["DAMAGED", "EncodeDamage", "EncodeRecord", "EncodeRun", "ExportFormat", "Run", "write_export"]

Run: TypeAlias = tuple["Sequence[int]", "Sequence[bytes]", bool | None]
"""Records to export: their indices, as many entries (the canonical bytes), and whether a signed checkpoint covers them.

``None`` leaves the last out of the export: where everything is published, it says nothing. An entry that cannot be read
is empty.
"""

DAMAGED: Final = "this entry is no record any more; `indelible verify` says more"
"""What an export says in place of a record that somebody at the disk has altered or taken away."""

_PIECE = 524_288  # each costs a server some hand-offs between threads
_AT_ONCE = 262_144
"""Bytes of the entries that are looked at together: most bundles are smaller."""


class EncodeRecord(Protocol):
    """Turns one record into bytes."""

    def __call__(self, index: int, entry: bytes, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
        """The record at ``index`` in the format's form, with the line end that belongs to it.

        Raises:
            FormatError: when ``entry`` is not a record.
        """


class EncodeRun(Protocol):
    """Turns many records into bytes at once."""

    def __call__(self, indices: Sequence[int], entries: Sequence[bytes], published: bool | None) -> bytes | None:  # noqa: FBT001  as in Run
        """What :class:`EncodeRecord` makes of them, one after another; ``None`` where it may have to refuse one."""


class EncodeDamage(Protocol):
    """Says, where a record would be, that there is none any more."""

    def __call__(self, index: int, published: bool | None = None) -> bytes:  # noqa: FBT001  as in Run
        """:data:`DAMAGED` in the format's form, with the line end that belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A format that is written a record at a time, or a run of them.

    Attributes:
        name: What commands and HTTP call it.
        media_type: Of a whole export, with parameters.
        suffix: Of a file that holds one, with its full stop.
        encode: The bytes of one record.
        encode_run: Those of many, where that is quicker and nothing stands between two of them.
        damaged: What stands in place of an entry that is no record any more; ``None`` where the format has nothing.
        header: What an export begins with.
        separator: What stands between two records.
        footer: What it ends with. Where it is not empty, an export without it is visibly cut off.
    """

    name: str
    media_type: str
    suffix: str
    encode: EncodeRecord
    encode_run: EncodeRun | None = None
    damaged: EncodeDamage | None = None
    header: bytes = b""
    separator: bytes = b""
    footer: bytes = b""


def write_export(form: ExportFormat, runs: Iterable[Run], *, log: str = "the log") -> Iterator[bytes]:
    """A whole export in pieces of at least 512 KiB, the last one aside. ``runs`` is read as the pieces are taken.

    Raises:
        DamagedObject: while reading on, when an entry is no record any more, and the format has nothing to say so.
    """
    separator = form.separator
    held = [form.header]
    size = len(form.header)
    parting = b""
    for run in runs:
        for record in _records(form, run, log):
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


def _records(form: ExportFormat, run: Run, log: str) -> Iterator[bytes]:
    """The bytes of each record of a run, or of several that are well."""
    indices, entries, published = run
    if form.encode_run is not None:
        if sum(map(len, entries)) > _AT_ONCE and len(entries) > 1:
            half = len(entries) // 2
            yield from _records(form, (indices[:half], entries[:half], published), log)
            yield from _records(form, (indices[half:], entries[half:], published), log)
            return
        if (together := form.encode_run(indices, entries, published)) is not None:
            yield together
            return
    yield from map(_record, repeat(form), indices, entries, repeat(published), repeat(log))


def _record(form: ExportFormat, index: int, entry: bytes, published: bool | None, log: str) -> bytes:  # noqa: FBT001  as in Run
    try:
        return form.encode(index, entry, published)
    except (FormatError, ValueError) as error:  # a time that is none is the latter
        if form.damaged is None:
            detail = f"it is no record any more, and {form.name} has no place to say so; NDJSON and CSV have"
            raise DamagedObject(detail, path=f"entry {index}", log=log) from error
        return form.damaged(index, published)
