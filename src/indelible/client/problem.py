"""A server's refusal (RFC 9457 ``application/problem+json``) as the error that the same call on a directory raises.

The mirror of ``server/problem.py``. What is not understood is a :class:`~indelible.errors.PeerError`, never success.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from indelible.errors import (
    Conflict,
    Forbidden,
    IdConflict,
    IndelibleError,
    IntegrityError,
    InvalidEvent,
    MalformedInput,
    NotFound,
    NotYetPublished,
    Overloaded,
    PeerError,
    Place,
    QueryError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UsageError,
)

if TYPE_CHECKING:
    from indelible.client.exchange import Answer

__all__ = ["error_of", "retry_after"]

_DIGITS = re.compile(r"[0-9]{1,6}")
_LONGEST_PAUSE = 3_600.0
_COLUMN = re.compile(r"column (?P<column>[0-9]{1,6}): (?P<detail>.*)", re.DOTALL)


class _Error(msgspec.Struct):
    detail: str
    pointer: str = ""


class _Problem(msgspec.Struct):
    """The members that Indelible's problem documents have; others are ignored."""

    type: str = ""
    title: str = ""
    detail: str = ""
    errors: list[_Error] = []
    id: str | None = None
    first_index: int | None = None
    limit: int | None = None


def retry_after(answer: Answer, default: float = 1.0) -> float:
    """The ``Retry-After`` of an answer in seconds, in ``[0, 3600]``."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE) if _DIGITS.fullmatch(text) else default


def error_of(answer: Answer) -> IndelibleError:
    """The error that an answer other than 2xx stands for."""
    problem = _problem(answer)
    detail = problem.detail or problem.title or f"the server answered {answer.status} without saying why"
    specific = _about_input(answer.status, problem, detail) or _about_time(answer, problem, detail)
    if specific is not None:
        return specific
    if problem.type.endswith(":integrity"):
        return IntegrityError(detail)
    return _CALLER.get(answer.status, PeerError)(detail)


def _about_input(status: int, problem: _Problem, detail: str) -> IndelibleError | None:
    places = [Place(error.pointer, error.detail) for error in problem.errors]
    pointer = places[0].pointer if places else ""
    match status:
        case 400 if pointer == "?q" and (column := _COLUMN.fullmatch(detail)):
            return QueryError(column["detail"], column=int(column["column"]))
        case 400 if problem.type.endswith(":bad-query"):
            return UsageError(detail)
        case 400:
            return MalformedInput(detail, places=places)
        case 409 if problem.id is not None:
            return IdConflict(problem.id, first_index=problem.first_index, pointer=pointer)
        case 409 if problem.type.endswith(":conflict"):
            return Conflict(detail)
        case 413:
            return TooLarge(detail, limit=problem.limit or 0, pointer=pointer)
        case 422 if places and problem.type.endswith(":invalid-event"):
            return InvalidEvent(places)
    return None


def _about_time(answer: Answer, problem: _Problem, detail: str) -> IndelibleError | None:
    match answer.status:
        case 404 if "retry-after" in answer.headers:
            return NotYetPublished(detail, retry_after=retry_after(answer))
        case 429:
            kind = RateLimited if problem.type.endswith(":rate-limited") else Overloaded
            return kind(detail, retry_after=retry_after(answer))
        case 502 | 503 | 504:
            return Unavailable(detail, retry_after=retry_after(answer))
    return None


_CALLER: dict[int, type[IndelibleError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: UsageError,
    409: UsageError,
    415: UsageError,
    422: UsageError,
}


def _problem(answer: Answer) -> _Problem:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        location = answer.headers.get("location")
        if 300 <= answer.status < 400 and location is not None:
            return _Problem(detail=f"the server redirects to {location!r}: give that address instead")
        return _Problem(detail=f"the server answered {answer.status} in a way that no Indelible server does")
    try:
        return msgspec.json.decode(answer.body, type=_Problem)
    except msgspec.MsgspecError:
        return _Problem(detail=f"the server answered {answer.status} with a malformed problem document")
