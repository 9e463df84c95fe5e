"""Asking by turns, and what is made of answers that differ."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from indelible.bench.search.comparison import compare
from indelible.bench.search.engine import Engine
from indelible.bench.search.questions import Question
from indelible.errors import InternalError

if TYPE_CHECKING:
    from indelible.bench.search.questions import Answer

QUESTION = Question(name="some")


def engine(name: str, answers: list[Answer], seconds: float, log: list[str]) -> Engine:
    """Answers with each of ``answers`` in turn and then with the last."""
    asked = count()

    def ask(_: Question) -> tuple[float, Answer]:
        log.append(name)
        return seconds, answers[min(next(asked), len(answers) - 1)]

    return Engine(name=name, ask=ask)


def test_compare_pairs_milliseconds_by_turns() -> None:
    """After one asking each to warm up: the others, then ours, as often as there are pairs."""
    log: list[str] = []
    taken = compare(
        QUESTION,
        engine("ours", [[1]], 0.5, log),
        [engine("a", [[1]], 1.0, log), engine("b", [[1]], 2.0, log)],
        pairs=2,
        seconds=0.0,
    )
    assert log == ["ours", "a", "b", *["a", "b", "ours"] * 2]
    assert taken == {"a": [(1000.0, 500.0)] * 2, "b": [(2000.0, 500.0)] * 2}


def test_compare_asks_again_for_a_median() -> None:
    """What is quick is asked until the time is used up."""
    log: list[str] = []
    compare(QUESTION, engine("ours", [[]], 1.0, log), [engine("a", [[]], 0.25, log)], pairs=1, seconds=1.0)
    assert log == ["ours", "a", *["a"] * 4, "ours"]


def test_compare_asks_the_slow_once() -> None:
    """Who takes more than five seconds is measured once for all pairs."""
    log: list[str] = []
    taken = compare(QUESTION, engine("ours", [[]], 1.0, log), [engine("a", [[]], 6.0, log)], pairs=3, seconds=0.0)
    assert log.count("a") == 2
    assert taken["a"] == [(6000.0, 1000.0)] * 3


@pytest.mark.parametrize("answers", [[[2]], [[1], [2]]])
def test_compare_takes_no_figure_of_different_answers(answers: list[Answer]) -> None:
    """Neither of two engines that differ, nor of one that differs from itself."""
    with pytest.raises(InternalError, match=r"differ|two ways"):
        compare(QUESTION, engine("ours", [[1]], 1.0, []), [engine("a", answers, 1.0, [])], pairs=1, seconds=0.0)
