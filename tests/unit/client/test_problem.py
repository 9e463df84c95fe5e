"""A server's refusals come back as the errors that the same call on a directory would have raised."""

from __future__ import annotations

import pytest

from indelible.client.exchange import Answer
from indelible.client.problem import error_of, retry_after
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
    RateLimited,
    ReadOnly,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UsageError,
)
from indelible.server.problem import PROBLEM_JSON, problem_of


def there_and_back(error: IndelibleError) -> IndelibleError:
    """The error as the server says it, as the client hears it."""
    problem, headers = problem_of(error)
    heard = {name.decode(): value.decode() for name, value in headers}
    return error_of(
        Answer(status=problem.status, headers={"content-type": PROBLEM_JSON.decode(), **heard}, body=problem.encode())
    )


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("your role does not allow it"),
        NotFound("no such log"),
        Conflict("rotated already"),
        Unauthenticated("who are you"),
        UsageError("not like this"),
        MalformedInput("no JSON", places=[Place("/3", "line 4")]),
        InvalidEvent([Place("/actor/id", "too long"), Place("/action", "empty")]),
        TooLarge("too much", limit=10, pointer="/7"),
        IdConflict("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", first_index=12, pointer="/1"),
        IdConflict("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", first_index=None),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_of_gives_the_callers_own_error_back(error: IndelibleError) -> None:
    """The type, the words and the evidence survive the way over HTTP."""
    heard = there_and_back(error)
    assert type(heard) is type(error)
    assert str(heard) == str(error)
    for name in ("places", "limit", "pointer", "first_index", "event_id"):
        assert getattr(heard, name, None) == getattr(error, name, None)


@pytest.mark.parametrize(
    ("error", "heard_as"),
    [
        (Overloaded("slower", retry_after=3), Overloaded),
        (RateLimited("a second", retry_after=3), RateLimited),
        (ReadOnly("no more", retry_after=7), Unavailable),
        (Unavailable("later", retry_after=2), Unavailable),
        (NotYetPublished("soon", retry_after=1), NotYetPublished),
    ],
)
def test_error_of_says_when_to_try_again(error: Unavailable | NotYetPublished, heard_as: type[IndelibleError]) -> None:
    """What may pass bears the server's Retry-After."""
    heard = there_and_back(error)
    assert type(heard) is heard_as
    assert isinstance(heard, Unavailable | NotYetPublished)
    assert heard.retry_after == error.retry_after


def test_error_of_tells_damage_from_bugs() -> None:
    """A server that says that its data are damaged is evidence; one that failed is not."""
    assert type(there_and_back(IntegrityError("flipped"))) is IntegrityError
    assert type(error_of(Answer(status=500, headers={}, body=b"oops"))) is PeerError


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (302, {"location": "https://elsewhere"}, b"", "https://elsewhere"),
        (418, {}, b"<html>", "no Indelible server"),
        (404, {"content-type": "application/problem+json"}, b"{", "malformed problem document"),
        (404, {"content-type": "application/problem+json"}, b"[]", "malformed problem document"),
        (422, {"content-type": "application/problem+json"}, b"{}", "without saying why"),
    ],
)
def test_error_of_never_takes_a_strange_answer_for_success(
    status: int, headers: dict[str, str], body: bytes, said: str
) -> None:
    """Whatever else answers under the address, the words say what was got."""
    assert said in str(error_of(Answer(status=status, headers=headers, body=body)))


@pytest.mark.parametrize(
    ("text", "seconds"), [("3", 3.0), ("", 1.0), ("Mon, 1 Jan", 1.0), ("-1", 1.0), ("999999", 3600.0), ("1e9", 1.0)]
)
def test_retry_after_is_bounded(text: str, seconds: float) -> None:
    """Only whole seconds count, and nobody is sent away for longer than an hour."""
    assert retry_after(Answer(status=429, headers={"retry-after": text}, body=b"")) == seconds
