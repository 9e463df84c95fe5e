"""What an examination finds: how bad it is, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Diagnosis", "Level", "Question", "problem", "sound", "warning"]


class Level(StrEnum):
    """How bad it is."""

    SOUND = "ok"
    WARNING = "warning"
    """It works, and may not for long, or not as somebody expects."""
    PROBLEM = "problem"
    """Something does not work, or is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One answer. ``remedy`` is empty where all is well."""

    subject: str
    level: Level
    detail: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """As ``indelible doctor --json`` prints it."""
        return {"subject": self.subject, "level": self.level.value, "detail": self.detail, "remedy": self.remedy}


Question = Callable[[], Iterator[Diagnosis]]


def sound(subject: str, detail: str) -> Diagnosis:
    """All is well."""
    return Diagnosis(subject=subject, level=Level.SOUND, detail=detail)


def warning(subject: str, detail: str, remedy: str) -> Diagnosis:
    """It works, but."""
    return Diagnosis(subject=subject, level=Level.WARNING, detail=detail, remedy=remedy)


def problem(subject: str, detail: str, remedy: str) -> Diagnosis:
    """Something is wrong."""
    return Diagnosis(subject=subject, level=Level.PROBLEM, detail=detail, remedy=remedy)
