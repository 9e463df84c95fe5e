"""Whatever can be asked a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.bench.search.questions import Answer, Question

__all__ = ["Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Something that answers questions.

    Attributes:
        name: As at the end of a figure's name.
        ask: Gives the seconds that a question took, and the answer.
    """

    name: str
    ask: Callable[[Question], tuple[float, Answer]]
