"""The index, asked as the server asks it: it finds, and the records of what is found are read from the log."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from indelible.bench.search.engine import Engine
from indelible.bench.search.questions import BUCKETS, LIMIT
from indelible.query.fields import FIELDS
from indelible.query.parser import parse_query

if TYPE_CHECKING:
    from indelible.bench.search.questions import Answer, Question
    from indelible.index import LogIndex
    from indelible.log import Reader

__all__ = ["our_engine"]


def our_engine(index: LogIndex, reader: Reader) -> Engine:
    """The index of a log, and the log."""

    def ask(question: Question) -> tuple[float, Answer]:
        began = perf_counter()
        answer = _ask(index, reader, question)
        return perf_counter() - began, answer

    return Engine(name="indelible", ask=ask)


def _ask(index: LogIndex, reader: Reader, question: Question) -> Answer:
    query = parse_query(_written(question), now_us=0)
    match question.form:
        case "newest":
            found = index.search(query, since_us=question.since_us, until_us=question.until_us, limit=LIMIT)
            return [index for indices, _, _ in reader.pick(found.indices) for index in indices]
        case "histogram":
            buckets = index.histogram(query, buckets=BUCKETS).buckets
            return sorted((at, name, count) for at, each in enumerate(buckets) for name, count in each.counts.items())
        case "facets":
            return index.facets(query, FIELDS[question.counted or ""].field, limit=LIMIT).values


def _written(question: Question) -> str:
    """The question in the query language."""
    parts = [f'{field}:"{value}"' for field, value in question.where.items()]
    if question.text is not None:
        parts.append(f'"{question.text}"')
    return " ".join(parts)
