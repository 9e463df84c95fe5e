"""SQLite: a table with the columns that are asked for, each with an index, and the record as text."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from indelible.bench.search.engine import Engine
from indelible.bench.search.rows import rows
from indelible.bench.search.sql import Dialect, ask, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from indelible.bench.search.questions import Answer, Question

__all__ = ["sqlite_engine"]

_DIALECT = Dialect(
    index="idx",
    actor="actor",
    occurred="occurred",
    moment=str,
    microseconds="occurred",
    divide="/",
    holds=lambda text: f"record LIKE {quote(f'%{text}%')}",
)
_TABLE = """
    PRAGMA journal_mode = off;
    PRAGMA synchronous = off;
    PRAGMA cache_size = -1000000;
    PRAGMA mmap_size = 68719476736;
    CREATE TABLE events (
        idx INTEGER PRIMARY KEY, occurred INTEGER, action TEXT, outcome TEXT, actor_type TEXT, actor TEXT, record TEXT
    );
"""
_INDEXES = """
    CREATE INDEX by_occurred ON events (occurred);
    CREATE INDEX by_action ON events (action);
    CREATE INDEX by_outcome ON events (outcome);
    CREATE INDEX by_actor ON events (actor);
    ANALYZE;
"""


@contextmanager
def sqlite_engine(path: Path, entries: Iterable[tuple[int, bytes]]) -> Iterator[Engine]:
    """A database at ``path`` that holds these entries, removed afterwards."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_TABLE)
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", rows(entries))
        connection.commit()
        connection.executescript(_INDEXES)

        def run(statement: str) -> tuple[float, Sequence[Sequence[Any]]]:
            began = perf_counter()
            found = connection.execute(statement).fetchall()
            return perf_counter() - began, found

        def answer(question: Question) -> tuple[float, Answer]:
            return ask(run, _DIALECT, question)

        yield Engine(name="sqlite", ask=answer)
    path.unlink()
