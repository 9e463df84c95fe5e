"""Entries become rows: one statement for many, and one pass over the JSON of each.

The entries go to the database as one text, a line each: canonical JSON holds no line break. An entry that is no record
is a row without fields, so that it is counted, and found by no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from indelible.errors import FormatError
from indelible.events.record import decode_record
from indelible.index.columns import COLUMNS, SHAPE
from indelible.index.database import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ROWS_AT_ONCE", "create_rows", "insert_rows", "segment_rows"]

ROWS_AT_ONCE = 16_384
"""Entries of one statement at most. Planning one costs as much as some thousand rows; the text of more takes memory."""

_FIELDS = f"from_json(record, {quote(SHAPE)})"
_TAKEN_IN = ", ".join(f"{column.source} AS {column.name}" for column in COLUMNS if not column.derived)
_AS_IN_SEGMENTS = ", ".join(
    f"{column.source} AS {column.name}" if column.derived else column.name for column in COLUMNS
)
_ROWS = f"""
    SELECT index, {_TAKEN_IN}, record FROM (
        SELECT $first + place - 1 AS index, {_FIELDS} AS fields, record
        FROM unnest(string_split($lines, chr(10))) WITH ORDINALITY AS lines(record, place)
    )
"""
_RECORDS = f"""
    SELECT * REPLACE (coalesce(CASE WHEN index < $stop THEN received_at END, error('no record')) AS received_at)
    FROM ({_ROWS})
"""
"""The same, but an error when one of them is no record, or more than one line: so nobody has to look for those."""


def create_rows(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make an empty table for rows."""
    connection.execute(f"CREATE TABLE {table} AS {_ROWS} LIMIT 0", {"first": 0, "lines": "null"})


def segment_rows(table: str) -> str:
    """The ``SELECT`` of a table's rows with the columns of a segment, in its order."""
    return f"SELECT index, {_AS_IN_SEGMENTS}, record FROM {table}"


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, first: int, entries: Sequence[bytes]) -> int:
    """Insert consecutive entries from the index ``first``, at most :data:`ROWS_AT_ONCE`.

    Gives how many of them are no records: rows without the time that every record has.
    """
    values = {"first": first, "stop": first + len(entries), "lines": ""}
    try:
        values["lines"] = b"\n".join(entries).decode()
        connection.execute(f"INSERT INTO {table} {_RECORDS}", values)
    except (UnicodeDecodeError, duckdb.InvalidInputException):
        pass  # not all of them are records
    else:
        return 0
    lines = b"\n".join(entry if _is_record(entry) else b"null" for entry in entries)
    connection.execute(f"INSERT INTO {table} {_ROWS}", {"first": first, "lines": lines.decode()})
    unreadable = f"SELECT count(*) FROM {table} WHERE index >= ? AND received_at IS NULL"
    ((count,),) = connection.execute(unreadable, [first]).fetchall()
    return int(count)


def _is_record(entry: bytes) -> bool:
    try:
        decode_record(entry)
    except FormatError:
        return False
    return b"\n" not in entry
