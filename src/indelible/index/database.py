"""The database that searches: DuckDB in memory, which may read and write one log's index folder and nothing else.

It loads no extensions, its configuration is locked once it is open, and every query runs on a cursor of its own.
Values reach it as parameters only. What cannot be one, the path of a file in ``COPY`` and its options say, is quoted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import duckdb
from duckdb.func import FunctionNullHandling

from indelible.index.addresses import address_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indelible.config import IndexSettings

__all__ = ["file_pattern", "open_database", "quote"]

_KNOWN_ADDRESSES = 65_536
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_OCTETS = ", ".join(f"CAST(split_part(text, '.', {place}) AS INTEGER)" for place in range(1, 5))
# Most addresses are of IP version 4, and SQL makes keys of them without the interpreter, which others need.
_IP_KEY = f"""
    CASE WHEN regexp_full_match(text, '{_OCTET}[.]{_OCTET}[.]{_OCTET}[.]{_OCTET}')
    THEN printf('4%02x%02x%02x%02x', {_OCTETS}) WHEN text IS NOT NULL THEN ip_key_of_any(text) END
"""
_NEVER = "1TiB"  # a checkpoint writes nothing here, but would compress the hot tail again after each commit
_GLOB = frozenset("*?[")


def open_database(folders: Sequence[Path], spill: Path, settings: IndexSettings) -> duckdb.DuckDBPyConnection:
    """A new database.

    Args:
        folders: What it may read and write.
        spill: An existing folder within one of them, for what does not fit into memory.
        settings: Its limits.
    """
    threads = {"threads": settings.threads} if settings.threads else {}
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": f"{settings.memory // 1024}KiB",
            "temp_directory": str(spill),
            "checkpoint_threshold": _NEVER,
            "allocator_background_threads": True,  # what a sealed block leaves goes back to the system, not only by use
            **threads,
        },
    )
    connection.create_function(
        "ip_key_of_any",
        lru_cache(_KNOWN_ADDRESSES)(address_key),
        ["VARCHAR"],
        "VARCHAR",
        null_handling=FunctionNullHandling.SPECIAL,  # by default none may come out
    )
    connection.execute(f"CREATE MACRO ip_key(text) AS {_IP_KEY}")
    # Paths are checked as they are given, before and after the patterns in them are expanded.
    allowed = sorted({f"{text}/" for folder in folders for text in (str(folder), file_pattern(folder))})
    connection.execute(f"SET allowed_directories = [{', '.join(map(quote, allowed))}]")
    connection.execute("SET parquet_metadata_cache = true")  # spares reading the files' footers again
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def file_pattern(path: Path) -> str:
    """The pattern that matches this path alone: DuckDB takes the paths of files to read for patterns."""
    return "".join(f"[{character}]" if character in _GLOB else character for character in str(path))


def quote(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
