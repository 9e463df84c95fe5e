"""One log, grown from size to size: how long each question takes, beside bare DuckDB and the databases."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

from indelible.bench.definitions import DEFINITIONS
from indelible.bench.measurement import Result, alone, summarise
from indelible.bench.search.bare_duckdb import connect, duckdb_engine
from indelible.bench.search.cluster import find_binaries, throwaway_cluster
from indelible.bench.search.comparison import compare
from indelible.bench.search.definitions import DATABASES, QUESTIONS
from indelible.bench.search.ours import our_engine
from indelible.bench.search.postgresql import postgresql_engine
from indelible.bench.search.questions import find_facts, questions
from indelible.bench.search.searched_log import searched_log
from indelible.bench.search.sqlite import sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from indelible.bench.measurement import Pair
    from indelible.bench.room import Room
    from indelible.bench.search.engine import Engine
    from indelible.bench.search.searched_log import SearchedLog

    _Measured = Mapping[str, Mapping[str, Sequence[Pair]]]  # by the question's and by the engine's name

__all__ = ["measure"]


def measure(room: Room, directory: Path) -> Iterator[Result]:
    """Figures ``search_…``, ``growth_search_…`` and ``index_build``, of a log that is made in ``directory``."""
    sizes = room.scale.search_milestones
    taken: dict[int, _Measured] = {}
    with searched_log(directory, room.samples, room.scale.segment_entries) as log:
        for size in sizes:
            room.say(f"growing a log of real events to {size:,}")
            log.grow(size)
            room.say(f"indexing {size:,} events")
            rate = log.catch_up()
            taken[size] = _ask(room, log, size)
        yield from _compared(taken)
        yield from _grown(taken)
        yield alone(DEFINITIONS["index_build"], rate, {"events": float(sizes[-1] - (sizes[-2] if sizes[1:] else 0))})


def _ask(room: Room, log: SearchedLog, size: int) -> _Measured:
    """Every question, asked of every engine that holds a log of this size."""
    with ExitStack() as stack:
        connection = stack.enter_context(connect(log.folder))
        others = [duckdb_engine(connection), *_databases(stack, room, log, size)]
        ours = our_engine(log.index, log.reader)
        facts = find_facts(log.reader, lambda statement: connection.execute(statement).fetchall())
        measured = {}
        for question in questions(facts, size):
            room.say(f"asking {size:,} events: {QUESTIONS[question.name].title}")
            measured[question.name] = compare(
                question, ours, others, pairs=room.scale.pairs, seconds=room.scale.ask_seconds
            )
        return measured


def _databases(stack: ExitStack, room: Room, log: SearchedLog, size: int) -> Iterator[Engine]:
    """The databases that hold a log of this size, filled; they go with the stack."""
    if size == room.scale.sqlite_entries:
        room.say(f"filling SQLite with {size:,} events")
        yield stack.enter_context(sqlite_engine(room.path / "events.sqlite", log.reader.entries(0, size)))
    if size == room.scale.postgresql_entries and (binaries := find_binaries()):
        room.say(f"filling PostgreSQL with {size:,} events")
        cluster = stack.enter_context(throwaway_cluster(binaries, room.path.parent))
        yield stack.enter_context(postgresql_engine(cluster, log.reader.entries(0, size)))


def _compared(taken: Mapping[int, _Measured]) -> Iterator[Result]:
    """Each question's figures beside bare DuckDB and the databases, at the largest size at which both were asked."""
    for name in QUESTIONS:
        for engine in ("duckdb", *DATABASES):
            sizes = [size for size, measured in taken.items() if engine in measured[name]]
            if sizes:
                figure = f"search_{name}" if engine == "duckdb" else f"search_{name}_{engine}"
                pairs = taken[sizes[-1]][name][engine]
                yield summarise(DEFINITIONS[figure], pairs, {"entries": float(sizes[-1])})


def _grown(taken: Mapping[int, _Measured]) -> Iterator[Result]:
    """Each question's figures by size."""
    for size, measured in taken.items():
        for name, by_engine in measured.items():
            value, smallest = _median(by_engine), _median(next(iter(taken.values()))[name])
            yield Result(
                name=f"growth_search_{name}_{size}",
                value=value,
                unit=DEFINITIONS[f"growth_search_{name}"].unit,
                ceiling=smallest,
                ratio=value / smallest,
                bar=None,
                met=None,
            )


def _median(by_engine: Mapping[str, Sequence[Pair]]) -> float:
    """Of our milliseconds, which stand beside everybody's."""
    return median(pair.value for pair in by_engine["duckdb"])
