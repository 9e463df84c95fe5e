"""PostgreSQL: the record as ``jsonb`` under a GIN index, and the columns that are asked for, each under a B-tree.

It is asked through ``psql``, which times each statement itself: from sending it until all rows have arrived.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from indelible.bench.search.engine import Engine
from indelible.bench.search.rows import rows
from indelible.bench.search.sql import Dialect, ask, quote
from indelible.errors import InternalError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Sequence

    from indelible.bench.search.cluster import Cluster
    from indelible.bench.search.questions import Answer, Question

__all__ = ["postgresql_engine"]

_DIALECT = Dialect(
    index="idx",
    actor="actor",
    occurred="occurred",
    moment=str,
    microseconds="occurred",
    divide="/",
    holds=lambda text: f"record::text ILIKE {quote(f'%{text}%')}",
)
_TABLE = """
    CREATE UNLOGGED TABLE events (
        idx bigint, occurred bigint, action text, outcome text, actor_type text, actor text, record jsonb
    );
"""
_INDEXES = """
    ALTER TABLE events ADD PRIMARY KEY (idx);
    CREATE INDEX ON events (occurred);
    CREATE INDEX ON events (action, idx);
    CREATE INDEX ON events (outcome, idx);
    CREATE INDEX ON events (actor, idx);
    CREATE INDEX ON events USING gin (record jsonb_path_ops);
    VACUUM (ANALYZE) events;
"""
_TIME = re.compile(r"Time: (?P<milliseconds>[0-9.]+) ms.*")
_END = "end of the answer"


@contextmanager
def postgresql_engine(cluster: Cluster, entries: Iterable[tuple[int, bytes]]) -> Iterator[Engine]:
    """The cluster's database with these entries."""
    cluster.execute(_TABLE)
    cluster.copy("events", (_line(row) for row in rows(entries)))
    cluster.execute(_INDEXES)
    with cluster.psql("--quiet", "--no-align", "--tuples-only", "--field-separator=\t") as psql:
        session = _Session(psql)
        session.send("\\timing on")

        def answer(question: Question) -> tuple[float, Answer]:
            return ask(session.run, _DIALECT, question)

        yield Engine(name="postgresql", ask=answer)


class _Session:
    """A ``psql`` that is told one statement after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._input = cast("IO[str]", process.stdin)
        self._output = cast("IO[str]", process.stdout)

    def send(self, line: str) -> None:
        self._input.write(f"{line}\n")
        self._input.flush()

    def run(self, statement: str) -> tuple[float, Sequence[Sequence[Any]]]:
        """Run a statement.

        Raises:
            InternalError: it failed; what the database said stands above.
        """
        self.send(f"{statement};\n\\echo {_END}")
        found: list[list[str]] = []
        seconds = 0.0
        for line in self._output:
            text = line.rstrip("\n")
            if text == _END:
                return seconds, found
            if time := _TIME.fullmatch(text):
                seconds = float(time["milliseconds"]) / 1e3
            else:
                found.append(text.split("\t"))
        raise InternalError("the PostgreSQL to compare with failed; what it said stands above")


def _line(row: Sequence[object]) -> str:
    """A row in the text format of ``COPY``: JSON holds neither tabs nor line feeds, but backslashes."""
    return "\t".join(str(value).replace("\\", "\\\\") for value in row) + "\n"
