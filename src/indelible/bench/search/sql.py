"""The questions in SQL, as somebody who knows the database would write them; what differs is a :class:`Dialect`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from indelible.bench.search.questions import BUCKETS, LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.bench.search.questions import Answer, Question

__all__ = ["Dialect", "Run", "ask", "quote"]


class Run(Protocol):
    """Runs a statement; gives the seconds it took, and its rows."""

    def __call__(self, statement: str, /) -> tuple[float, Sequence[Sequence[Any]]]:
        """See above."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one database names and compares.

    Attributes:
        index: The column of the entry's index. The rows are ``events``, and their records ``record``.
        actor: The column of the actor's id.
        occurred: The column of the time.
        moment: The literal of a time in microseconds since 1970, as that column compares with.
        microseconds: The time in microseconds since 1970.
        divide: The operator that divides whole numbers.
        holds: The condition that a record holds a text, capitals or not.
    """

    index: str
    actor: str
    occurred: str
    moment: Callable[[int], str]
    microseconds: str
    divide: str
    holds: Callable[[str], str]


def quote(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def ask(run: Run, dialect: Dialect, question: Question) -> tuple[float, Answer]:
    """Ask a question; gives the seconds that the statements took, and the answer."""
    condition = _condition(dialect, question)
    match question.form:
        case "newest":
            seconds, rows = run(
                f"SELECT {dialect.index}, record FROM events{condition} ORDER BY {dialect.index} DESC LIMIT {LIMIT}"
            )
            return seconds, [int(row[0]) for row in rows]
        case "facets":
            value = f"actor_type || ':' || {dialect.actor}" if question.counted == "actor" else question.counted
            seconds, rows = run(
                f"SELECT {value} AS value, count(*) AS entries FROM events{condition}"
                f" GROUP BY value ORDER BY entries DESC, value LIMIT {LIMIT}"
            )
            return seconds, [(row[0], int(row[1])) for row in rows]
        case "histogram":
            at = dialect.microseconds
            first_seconds, ((low, high),) = run(f"SELECT min({at}), max({at}) FROM events{condition}")
            low, width = int(low), -(-(int(high) + 1 - int(low)) // BUCKETS)
            seconds, rows = run(
                f"SELECT ({at} - {low}) {dialect.divide} {width} AS bucket, outcome, count(*) FROM events{condition}"
                " GROUP BY bucket, outcome"
            )
            return first_seconds + seconds, sorted((int(row[0]), row[1], int(row[2])) for row in rows)


def _condition(dialect: Dialect, question: Question) -> str:
    parts = [f"{dialect.actor if name == 'actor' else name} = {quote(value)}" for name, value in question.where.items()]
    if question.since_us is not None:
        parts.append(f"{dialect.occurred} >= {dialect.moment(question.since_us)}")
    if question.until_us is not None:
        parts.append(f"{dialect.occurred} < {dialect.moment(question.until_us)}")
    if question.text is not None:
        parts.append(dialect.holds(question.text))
    return f" WHERE {' AND '.join(parts)}" if parts else ""
