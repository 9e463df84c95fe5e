"""One segment: a Parquet file of the rows of one block of the log, and beside it its SHA-256 in ``sha256sum``'s form.

A segment is a pure function of the log's range ``[first, end)``, as far as that can be read: whoever writes it writes
the same, so several processes may do so at once, and the last to rename has done no harm. Its metadata says what it is:
origin, range, version of the columns, the leaf hash of its last entry, and when its entries occurred and were received.
What does not fit the log is foreign or outdated, what does not fit its hash is damaged; in both cases the log gives it
anew.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb

from indelible.index.columns import SCHEMA
from indelible.index.database import file_pattern, quote
from indelible.index.parts import Part, Span
from indelible.index.rows import segment_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "SegmentFacts",
    "SegmentName",
    "hash_file",
    "is_as_written",
    "parse_name",
    "read_facts",
    "read_metadata",
    "segment_name",
    "write_segment",
]

_NAME = re.compile(r"(0|[1-9][0-9]*)-([1-9][0-9]*)\.parquet")
_NONE = "none"

# Dictionaries for as many values as a segment can have: from them the bloom filters are made that let a search for a
# rare value skip segments. But not for whole records, whose text is far beyond the limit.
_OPTIONS: Final = (
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 65536, DICTIONARY_SIZE_LIMIT 65536, "
    "STRING_DICTIONARY_PAGE_SIZE_LIMIT 4000000"
)
_TIMES: Final = (
    "epoch_us(min(occurred_at)), epoch_us(max(occurred_at)), epoch_us(min(received_at)), epoch_us(max(received_at))"
)


class SegmentName(NamedTuple):
    """What a segment's name says: the range of its entries."""

    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """What a segment says of itself.

    Attributes:
        origin: The log's origin.
        first: Its first index.
        end: The index after its last.
        last_leaf: The leaf hash of its last entry. A log that was put back to an older state and went on otherwise has
            another one there, received at another time.
        unreadable: How many of its entries could not be read, or were no records, when it was written.
    """

    origin: str
    first: int
    end: int
    last_leaf: bytes
    unreadable: int = 0


def segment_name(first: int, end: int) -> str:
    """The name of the segment of ``[first, end)``."""
    return f"{first}-{end}.parquet"


def parse_name(name: str) -> SegmentName | None:
    """The range that a file's name says, or ``None`` for other files."""
    match = _NAME.fullmatch(name)
    return None if match is None else SegmentName(int(match[1]), int(match[2]))


def write_segment(
    connection: duckdb.DuckDBPyConnection, table: str, facts: SegmentFacts, staged: Path, path: Path
) -> Part:
    """Write the rows of ``table`` as the segment ``path``, by way of the file ``staged``; durable when this returns.

    Raises:
        OSError: it could not be written.
        duckdb.Error: likewise.
    """
    (times,) = connection.execute(f"SELECT {_TIMES} FROM {table}").fetchall()
    occurred, received = _span(times[:2]), _span(times[2:])
    metadata = {
        "origin": facts.origin,
        "first": str(facts.first),
        "end": str(facts.end),
        "schema": str(SCHEMA),
        "last_leaf": facts.last_leaf.hex(),
        "occurred": _write_span(occurred),
        "received": _write_span(received),
    }
    if facts.unreadable:
        metadata["unreadable"] = str(facts.unreadable)
    said = ", ".join(f'"{key}": {quote(value)}' for key, value in metadata.items())
    connection.execute(f"COPY ({segment_rows(table)}) TO {quote(str(staged))} ({_OPTIONS}, KV_METADATA {{{said}}})")
    _sync(staged)
    sidecar = staged.with_suffix(".sha256")
    sidecar.write_text(f"{hash_file(staged)}  {path.name}\n")
    _sync(sidecar)
    sidecar.replace(path.with_suffix(".sha256"))
    staged.replace(path)
    _sync(path.parent)
    return _part(path, facts, occurred, received)


def read_metadata(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[Path, dict[str, str]]:
    """What Parquet files say of themselves, for those that can be read."""
    statement = "SELECT file_name, decode(key), decode(value) FROM parquet_kv_metadata(?)"
    said: dict[Path, dict[str, str]] = {}
    try:
        rows = connection.execute(statement, [[file_pattern(path) for path in paths]]).fetchall() if paths else []
    except duckdb.Error:
        if len(paths) == 1:
            return {}
        for path in paths:  # one that cannot be read spoils the statement for all
            said |= read_metadata(connection, [path])
        return said
    for name, key, value in rows:
        said.setdefault(Path(name), {})[key] = value
    return said


def read_facts(path: Path, said: Mapping[str, str]) -> tuple[SegmentFacts, Part]:
    """What a segment's metadata say of it, and the part that it is.

    Raises:
        ValueError: it is not a segment of this version; says why.
    """
    if "schema" not in said:
        raise ValueError("it is no segment, or no whole one")
    if said["schema"] != str(SCHEMA):
        raise ValueError(f"it is of version {said['schema']!r}, not {SCHEMA}")
    try:
        facts = SegmentFacts(
            origin=said["origin"],
            first=int(said["first"]),
            end=int(said["end"]),
            last_leaf=bytes.fromhex(said["last_leaf"]),
            unreadable=int(said.get("unreadable", "0")),
        )
        occurred, received = _read_span(said["occurred"]), _read_span(said["received"])
    except KeyError as error:
        raise ValueError(f"it does not say its {error}") from error
    return facts, _part(path, facts, occurred, received)


def _part(path: Path, facts: SegmentFacts, occurred: Span | None, received: Span | None) -> Part:
    return Part(
        first=facts.first,
        end=facts.end,
        file=path,
        unreadable=facts.unreadable,
        occurred=occurred,
        received=received,
    )


def hash_file(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_as_written(segment: Path) -> bool:
    """Whether the file of a segment has the hash that stands beside it; reads all of it.

    Raises:
        OSError: it is there, and cannot be read.
    """
    try:
        said = segment.with_suffix(".sha256").read_text()
        return said == f"{hash_file(segment)}  {segment.name}\n"
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _span(times: tuple[int | None, int | None]) -> Span | None:
    low, high = times
    return None if low is None or high is None else Span(low, high)


def _write_span(span: Span | None) -> str:
    return _NONE if span is None else f"{span.low} {span.high}"


def _read_span(text: str) -> Span | None:
    if text == _NONE:
        return None
    low, high = text.split(" ")
    return Span(int(low), int(high))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
