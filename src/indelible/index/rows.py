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

__all__ = ["ROWS_AT_ONCE", "create_rows", "insert_rows"]

ROWS_AT_ONCE = 16_384
"""Entries of one statement at most. Planning one costs as much as some thousand rows; the text of more takes memory."""

_FIELDS = f"from_json(record, {quote(SHAPE)})"
_SELECTED = ", ".join(f"{column.source} AS {column.name}" for column in COLUMNS)
_ROWS = f"""
    SELECT index, {_SELECTED}, record FROM (
        SELECT $first + place - 1 AS index, {_FIELDS} AS fields, record
        FROM unnest(string_split($lines, chr(10))) WITH ORDINALITY AS lines(record, place)
    )
"""


def create_rows(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make an empty table for rows."""
    connection.execute(f"CREATE TABLE {table} AS {_ROWS} LIMIT 0", {"first": 0, "lines": "null"})


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, first: int, entries: Sequence[bytes]) -> int:
    """Insert consecutive entries from the index ``first``, in the connection's transaction.

    Gives how many of them are no records: rows without the time that every record has.
    """
    for start in range(0, len(entries), ROWS_AT_ONCE):
        chunk = entries[start : start + ROWS_AT_ONCE]
        lines = b"\n".join(chunk)
        statement = f"INSERT INTO {table} {_ROWS}"
        if lines.count(b"\n") != len(chunk) - 1:
            lines = _only_records(chunk)
        try:
            connection.execute(statement, {"first": first + start, "lines": lines.decode()})
        except (UnicodeDecodeError, duckdb.InvalidInputException):
            connection.execute(statement, {"first": first + start, "lines": _only_records(chunk).decode()})
    unreadable = f"SELECT count(*) FROM {table} WHERE index >= ? AND received_at IS NULL"
    ((count,),) = connection.execute(unreadable, [first]).fetchall()
    return int(count)


def _only_records(entries: Sequence[bytes]) -> bytes:
    return b"\n".join(entry if _is_record(entry) else b"null" for entry in entries)


def _is_record(entry: bytes) -> bool:
    try:
        decode_record(entry)
    except FormatError:
        return False
    return b"\n" not in entry
