"""Every error as HTTP says it."""

from __future__ import annotations

import msgspec
import pytest

from indelible import errors
from indelible.errors import Place
from indelible.server.problem import Refusal, problem_of

INSIDE = "something that only the server's own log may hold"

CASES: list[tuple[Exception, int, str]] = [
    (errors.MalformedInput("not JSON"), 400, "malformed-input"),
    (errors.FormatError("not a proof"), 400, "malformed-input"),
    (errors.InvalidEvent([Place("/0/actor", "is required")]), 422, "invalid-event"),
    (errors.UsageError("no"), 422, "invalid-request"),
    (errors.TooLarge("too large", limit=5, what="event-too-large", pointer="/3"), 413, "event-too-large"),
    (errors.IdConflict("018f", first_index=7, pointer="/2/id"), 409, "id-conflict"),
    (errors.NotFound("no such log"), 404, "not-found"),
    (errors.NotYetPublished("soon", retry_after=0.2), 404, "not-yet-published"),
    (errors.Unauthenticated("key?"), 401, "unauthenticated"),
    (errors.Forbidden("no"), 403, "forbidden"),
    (errors.Overloaded("full"), 429, "overloaded"),
    (errors.Overloaded("full", what="streams"), 429, "too-many-streams"),
    (errors.Overloaded("full", what="searches"), 429, "too-many-searches"),
    (errors.Overloaded("full", what="exports"), 429, "too-many-exports"),
    (errors.TooLarge("too large", limit=5), 413, "too-large"),
    (errors.TooLarge("too large", limit=5, what="body-too-large"), 413, "body-too-large"),
    (errors.TooLarge("too large", limit=5, what="decompressed-body-too-large"), 413, "decompressed-body-too-large"),
    (errors.TooLarge("too large", limit=5, what="too-many-events"), 413, "too-many-events"),
    (errors.TooLarge("too large", limit=5, what="too-many-proofs"), 413, "too-many-proofs"),
    (errors.Unavailable("later", retry_after=7.5), 503, "unavailable"),
    (errors.RateLimited("a second", retry_after=2), 429, "rate-limited"),
    (errors.Conflict("rotated"), 409, "conflict"),
    (errors.ReadOnly("read-only"), 503, "unavailable"),
    (errors.StorageFull("full"), 503, "unavailable"),
    (errors.Locked("locked", holder="x"), 503, "unavailable"),
    (errors.Closed("closing"), 503, "unavailable"),
    (errors.HelperEnded("killed"), 503, "unavailable"),
    (errors.Damaged(INSIDE, path=INSIDE, remedy=INSIDE), 500, "integrity"),
    (errors.DamagedObject("it is missing", path="tile/0/000", log="log.example/main"), 500, "integrity"),
    (errors.ProofError(INSIDE), 500, "integrity"),
    (errors.SignatureError(INSIDE), 500, "integrity"),
    (errors.RolledBack(INSIDE), 500, "integrity"),
    (errors.ConfigurationError(INSIDE), 500, "internal"),
    (errors.PeerError(INSIDE), 500, "internal"),
    (errors.InternalError(INSIDE), 500, "internal"),
    (ValueError(INSIDE), 500, "internal"),
    (errors.QueryError("expected a term", column=3), 400, "bad-query"),
    (errors.QueryTooCostly("memory"), 422, "query-too-costly"),
    (errors.QueryTimeout("time", seconds=3), 422, "query-timeout"),
    (errors.QueryCancelled("gone"), 503, "unavailable"),
    (Refusal(415, "unsupported-media-type", "no"), 415, "unsupported-media-type"),
]


@pytest.mark.parametrize(("error", "status", "kind"), CASES, ids=lambda value: type(value).__name__)
def test_problem_of_follows_the_table(error: Exception, status: int, kind: str) -> None:
    """INTERFACES "HTTP": each error has its status; our own faults tell nothing about the inside."""
    problem, headers = problem_of(error)
    document = msgspec.json.decode(problem.encode())
    assert (document["status"], document["type"]) == (status, f"urn:indelible:problem:{kind}")
    assert document["title"]
    assert document["detail"]
    assert INSIDE not in problem.encode().decode()
    retried = status in {429, 503} or kind == "not-yet-published"
    assert (b"retry-after" in dict(headers)) is retried
    assert (b"www-authenticate" in dict(headers)) is (status == 401)


def test_problem_of_a_damaged_object_names_its_place() -> None:
    """The tile, the log and what to do: these are no secrets of the machine."""
    detail = problem_of(errors.DamagedObject("it is missing", path="tile/0/000", log="log.example/main"))[0].detail
    assert detail.startswith("tile/0/000 of log.example/main: it is missing; run `indelible verify`")


def test_every_error_of_the_tree_has_a_status() -> None:
    """A class that is added to the tree is decided on here, not by accident."""
    raised = {type(error) for error, _, _ in CASES}
    roots = {errors.IndelibleError, errors.CallerError, errors.IntegrityError}
    for name in errors.__all__:
        member = getattr(errors, name)
        if isinstance(member, type) and issubclass(member, Exception):
            assert member in raised | roots, name


def test_problem_of_names_the_places() -> None:
    """A bad event names every place, and what belongs to an error travels with it."""
    problem, _ = problem_of(errors.InvalidEvent([Place("/3/actor/id", "is required"), Place("/4", "no")]))
    document = msgspec.json.decode(problem.encode())
    assert document["errors"] == [
        {"pointer": "/3/actor/id", "detail": "is required"},
        {"pointer": "/4", "detail": "no"},
    ]
    conflict = msgspec.json.decode(problem_of(CASES[5][0])[0].encode())
    assert (conflict["id"], conflict["first_index"], conflict["errors"][0]["pointer"]) == ("018f", 7, "/2/id")
    within = msgspec.json.decode(problem_of(errors.IdConflict("018f", first_index=None, pointer="/2/id"))[0].encode())
    assert within["first_index"] is None
    large = msgspec.json.decode(problem_of(CASES[4][0])[0].encode())
    assert (large["limit"], large["errors"][0]["pointer"]) == (5, "/3")


@pytest.mark.parametrize(("seconds", "header"), [(0.01, b"1"), (1.0, b"1"), (1.2, b"2"), (30.0, b"30")])
def test_retry_after_is_whole_seconds(seconds: float, header: bytes) -> None:
    """RFC 9110: an integer; never 0, which would be an invitation to a busy loop."""
    _, headers = problem_of(errors.Unavailable("later", retry_after=seconds))
    assert dict(headers)[b"retry-after"] == header
