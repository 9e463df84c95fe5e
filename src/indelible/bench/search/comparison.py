"""Asking several engines the same question by turns, and holding their answers against each other."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from indelible.bench.measurement import Pair
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.bench.search.engine import Engine
    from indelible.bench.search.questions import Answer, Question

__all__ = ["compare"]

_MOST_TIMES = 20
_SLOW_SECONDS = 5.0


def compare(
    question: Question, ours: Engine, others: Sequence[Engine], *, pairs: int, seconds: float
) -> dict[str, list[Pair]]:
    """For each of the others, by its name, pairs of its milliseconds and ours, taken by turns.

    Each measurement is the median of as many askings as fit into ``seconds``, of 20 at most. Who takes more than five
    seconds is asked once, and that stands in all its pairs.

    Raises:
        InternalError: two answers differ.
    """
    expected = _agreed(question, [ours, *others])
    taken: dict[str, list[Pair]] = {engine.name: [] for engine in others}
    slow: dict[str, float] = {}
    for _ in range(pairs):
        times = {
            engine.name: slow.get(engine.name) or _milliseconds(engine, question, expected, seconds)
            for engine in others
        }
        slow |= {name: time for name, time in times.items() if time > _SLOW_SECONDS * 1e3}
        mine = _milliseconds(ours, question, expected, seconds)
        for name, time in times.items():
            taken[name].append(Pair(time, mine))
    return taken


def _agreed(question: Question, engines: Sequence[Engine]) -> Answer:
    """What all answer; this also brings what they read into memory."""
    answers = {engine.name: engine.ask(question)[1] for engine in engines}
    first, *rest = answers.values()
    if any(answer != first for answer in rest):
        shown = "; ".join(f"{name}: {str(answer)[:200]}" for name, answer in answers.items())
        raise InternalError(f"the answers to {question} differ: {shown}")
    return first


def _milliseconds(engine: Engine, question: Question, expected: Answer, seconds: float) -> float:
    times: list[float] = []
    while not times or (sum(times) < seconds and len(times) < _MOST_TIMES):
        took, answer = engine.ask(question)
        if answer != expected:
            raise InternalError(f"{engine.name} answers {question} in two ways")
        times.append(took)
    return median(times) * 1e3
