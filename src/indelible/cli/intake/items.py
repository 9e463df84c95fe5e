"""What an import works on: events ready to be sent, and what could not become one."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Candidate", "Item", "Refused"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event, as one line of JSON, with the place that it came from. It bears its id."""

    file: str
    record: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A place that holds no event, and why."""

    file: str
    record: str
    detail: str


Item = Candidate | Refused
