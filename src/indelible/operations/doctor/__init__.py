"""Examining a data directory, and the machine below it, as a careful operator would; changes nothing.

Each question is a :data:`Question` in a list, asked by itself: one that cannot be answered is a finding, too, and does
not keep the others from being asked. Needs no lock, so a server may be running.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.operations.doctor.diagnosis import Diagnosis, Level
from indelible.operations.doctor.directory import directory_questions
from indelible.operations.doctor.host import host_questions
from indelible.operations.doctor.logs import log_questions
from indelible.operations.doctor.witnesses import witness_questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indelible.embedded import DataDirectory
    from indelible.formats.tlog_policy import Policy
    from indelible.operations.doctor.diagnosis import Question
    from indelible.trust.pins import Pins

__all__ = ["Diagnosis", "Level", "ask", "examine"]


def examine(directory: DataDirectory, pins: Pins, policy: Policy | None = None) -> Iterator[Diagnosis]:
    """Everything there is to say about a directory, in the order in which one would look.

    With a ``policy``, its witnesses are asked, too, whether they can be reached from here.
    """
    witnesses = [] if policy is None else witness_questions(policy)
    logs = log_questions(directory, pins)
    return ask([*host_questions(directory), *directory_questions(directory), *logs, *witnesses])


def ask(questions: Iterable[tuple[str, Question]]) -> Iterator[Diagnosis]:
    """Ask each question; what it raises is what was found."""
    for subject, question in questions:
        try:
            yield from question()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what an examination is for
            yield Diagnosis(
                subject=subject,
                level=Level.PROBLEM,
                detail=str(error) or type(error).__name__,
                remedy="the message says what to do; if it does not, `indelible verify` says more",
            )
