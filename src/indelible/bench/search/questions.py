"""What is asked of a log: each question in words that both the query language and SQL can be made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from indelible.bench.search.real_events import COMMON_ACTOR, occurred_us
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indelible.log import Reader

__all__ = ["ASKED_FIELDS", "BUCKETS", "LIMIT", "Answer", "Facts", "Question", "find_facts", "questions"]

LIMIT = 50
BUCKETS = 60
ASKED_FIELDS = frozenset({"action", "actor", "occurred", "outcome"})
"""The fields that questions name or count."""

Answer = list[int] | list[tuple[int, str, int]] | list[tuple[str, int]]
"""Indices, newest first; or bucket, outcome and count, sorted; or values and counts, most frequent first."""

_DAY_US = 86_400_000_000
_USERS = "arn:aws:iam::123837392027:user/"
_RARE_WORD = re.compile(rb"rare-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        name: As in the figure's name.
        form: The newest events that match, with their records; counts over time by outcome; or counts of values.
        where: Columns and the values that they must have: ``actor`` (its id), ``action``, ``outcome``.
        since_us: Only what occurred then or later, in microseconds since 1970.
        until_us: Only what occurred before that.
        text: A text that must stand in the record, capitals or not.
        counted: The column whose values are counted.
    """

    name: str
    form: Literal["newest", "histogram", "facets"] = "newest"
    where: Mapping[str, str] = field(default_factory=dict)
    since_us: int | None = None
    until_us: int | None = None
    text: str | None = None
    counted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must be known of a log to ask it: an actor of few events, and a text in one record."""

    rare_actor: str
    rare_text: str


def find_facts(reader: Reader, run: Callable[[str], list[tuple[str]]]) -> Facts:
    """Look them up: the actor with ``run``, which takes SQL over the rows ``events`` with a column ``actor_id``.

    Raises:
        InternalError: the log holds no such text.
    """
    ((actor,),) = run(
        f"SELECT actor_id FROM events WHERE starts_with(actor_id, '{_USERS}') "
        "GROUP BY actor_id ORDER BY count(*), actor_id LIMIT 1"
    )
    for _, entry in reader.entries(reader.size // 3, reader.size):
        if found := _RARE_WORD.search(entry):
            return Facts(rare_actor=actor, rare_text=found[0].decode())
    raise InternalError("the log that is searched holds nothing rare")


def questions(facts: Facts, size: int) -> tuple[Question, ...]:
    """The questions to a log of ``size`` events."""
    middle = occurred_us(size // 2)
    return (
        Question(name="common", where={"actor": _USERS + COMMON_ACTOR}),
        Question(name="rare", where={"actor": facts.rare_actor}),
        Question(name="absent", where={"actor": _USERS + "nobody"}),
        Question(
            name="three_fields",
            where={"action": "aws.ec2.DescribeRouteTables", "outcome": "success", "actor": _USERS + COMMON_ACTOR},
            since_us=middle,
            until_us=middle + _DAY_US,
        ),
        Question(name="histogram", form="histogram"),
        Question(name="histogram_filter", form="histogram", where={"outcome": "denied"}),
        Question(name="facets", form="facets", counted="action"),
        Question(name="facets_many", form="facets", counted="actor"),
        Question(name="text_common", text="terraform"),
        Question(name="text_rare", text=facts.rare_text),
        Question(name="text_absent", text="no such words"),
    )
