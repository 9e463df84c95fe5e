"""Every error as HTTP says it: RFC 9457 ``application/problem+json``. The one place where an error becomes a status.

The table is INTERFACES "HTTP". Details are written for whoever sent the request: they never hold a secret, a path of
the server's machine, an event's content beyond the place that is wrong.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from indelible.errors import (
    CallerError,
    ConfigurationError,
    Conflict,
    DamagedObject,
    Forbidden,
    FormatError,
    IdConflict,
    IntegrityError,
    InvalidEvent,
    MalformedInput,
    NotFound,
    NotYetPublished,
    Overloaded,
    QueryError,
    QueryTimeout,
    QueryTooCostly,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.errors import Place

__all__ = ["PROBLEM_JSON", "PROBLEM_KINDS", "ErrorPlace", "Problem", "Refusal", "problem_of"]

PROBLEM_JSON = b"application/problem+json"


class ErrorPlace(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with what was sent: an RFC 6901 pointer into it, and what."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A problem document. ``errors`` and what follows are there only where they apply.

    ``id`` and ``first_index`` belong to an id that was used before, ``limit`` to something too large.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorPlace] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    first_index: int | UnsetType | None = UNSET
    limit: int | UnsetType = UNSET

    def encode(self) -> bytes:
        """The document's bytes."""
        return msgspec.json.encode(self)


class Refusal(CallerError):  # noqa: N818 - what it is
    """A request refused for a reason that only HTTP knows: its method, media type, or a name already taken."""

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Sequence[tuple[bytes, bytes]] = (), pointer: str = ""
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.headers = tuple(headers)
        self.pointer = pointer


_TITLES = {
    "malformed-input": "The input cannot be read",
    "bad-query": "The query is wrong",
    "unauthenticated": "Credentials are needed",
    "forbidden": "Your role does not allow this",
    "not-found": "There is no such thing",
    "not-yet-published": "Not published yet",
    "method-not-allowed": "This cannot be done here",
    "timeout": "The request took too long to arrive",
    "already-exists": "The name is taken",
    "conflict": "What is there does not allow this",
    "id-conflict": "The id was used for another event",
    "too-large": "Too large",
    "body-too-large": "The body is too large",
    "decompressed-body-too-large": "The body is too large once decompressed",
    "event-too-large": "An event is too large",
    "too-many-events": "Too many events in one request",
    "too-many-proofs": "Too many proofs in one answer",
    "unsupported-media-type": "This kind of content is not understood",
    "invalid-event": "Not a valid event",
    "invalid-request": "Not a valid request",
    "query-timeout": "The search took too long",
    "query-too-costly": "The search takes too much",
    "overloaded": "Too much at once",
    "too-many-streams": "Too many streams at once",
    "too-many-searches": "Too many searches at once",
    "too-many-exports": "Too many exports at once",
    "rate-limited": "More than this key may send a second",
    "unavailable": "Not possible right now",
    "integrity": "Stored data is damaged",
    "internal": "An error of ours",
}

PROBLEM_KINDS = frozenset(_TITLES)
"""Every kind of problem: what stands after ``urn:indelible:problem:``."""

_PLAIN: tuple[tuple[type[CallerError], int, str], ...] = (
    (Conflict, 409, "conflict"),
    (QueryTimeout, 422, "query-timeout"),
    (QueryTooCostly, 422, "query-too-costly"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not-found"),
    (FormatError, 400, "malformed-input"),
)
"""What says all that there is to say in its text."""

_DAMAGED = (
    "something stored is not what was written; the server's own log names it, and `indelible verify` on its data "
    "directory finds everything that is wrong"
)
_INTERNAL = "this is a bug; the server's own log has more under this X-Request-Id. Nothing of this request is certain"


def problem_of(error: BaseException) -> tuple[Problem, list[tuple[bytes, bytes]]]:
    """The problem document for an error, and the headers that go with it."""
    match error:
        case Refusal():
            places = [ErrorPlace(pointer=error.pointer, detail=str(error))] if error.pointer else UNSET
            return _problem(error.status, error.kind, str(error), errors=places), list(error.headers)
        case Unauthenticated():
            return _problem(401, "unauthenticated", str(error)), [(b"www-authenticate", b'Bearer realm="indelible"')]
        case QueryError():
            place = ErrorPlace(pointer="?q", detail=str(error))
            return _problem(400, "bad-query", str(error), errors=[place]), []
        case NotYetPublished():
            return _problem(404, "not-yet-published", str(error)), [_retry_after(error.retry_after)]
        case Unavailable():
            return _of_moment(error), [_retry_after(error.retry_after)]
        case CallerError() if not isinstance(error, ConfigurationError):
            return _of_caller(error), []
        case IntegrityError():
            return _problem(500, "integrity", str(error) if isinstance(error, DamagedObject) else _DAMAGED), []
        case _:
            return _problem(500, "internal", _INTERNAL), []


def _of_moment(error: Unavailable) -> Problem:
    match error:
        case RateLimited():
            return _problem(429, "rate-limited", str(error))
        case Overloaded():
            return _problem(429, f"too-many-{error.what}" if error.what else "overloaded", str(error))
        case _:
            return _problem(503, "unavailable", str(error))


def _of_caller(error: CallerError) -> Problem:
    detail = str(error)
    match error:
        case MalformedInput():
            return _problem(400, "malformed-input", detail, errors=_places(error.places))
        case InvalidEvent():
            return _problem(422, "invalid-event", detail, errors=_places(error.places))
        case TooLarge():
            place = [ErrorPlace(pointer=error.pointer, detail=detail)] if error.pointer else UNSET
            return _problem(413, error.what or "too-large", detail, errors=place, limit=error.limit)
        case IdConflict():
            place = [ErrorPlace(pointer=error.pointer, detail=detail)]
            return _problem(409, "id-conflict", detail, errors=place, id=error.event_id, first_index=error.first_index)
        case _:
            for form, status, kind in _PLAIN:
                if isinstance(error, form):
                    return _problem(status, kind, detail)
            return _problem(422, "invalid-request", detail)


def _problem(
    status: int,
    kind: str,
    detail: str,
    *,
    errors: list[ErrorPlace] | UnsetType = UNSET,
    id: str | UnsetType = UNSET,  # noqa: A002 - the member's name
    first_index: int | UnsetType | None = UNSET,
    limit: int | UnsetType = UNSET,
) -> Problem:
    return Problem(
        type=f"urn:indelible:problem:{kind}",
        title=_TITLES[kind],
        status=status,
        detail=detail,
        errors=errors,
        id=id,
        first_index=first_index,
        limit=limit,
    )


def _places(places: Sequence[Place]) -> list[ErrorPlace] | UnsetType:
    return [ErrorPlace(pointer=place.pointer, detail=place.detail) for place in places] or UNSET


def _retry_after(seconds: float) -> tuple[bytes, bytes]:
    return b"retry-after", str(max(1, math.ceil(seconds))).encode()  # RFC 9110 section 10.2.3: whole seconds
