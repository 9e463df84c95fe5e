"""The witnesses of a policy: whether each can be reached from here, and agrees about the time."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from indelible.operations.doctor.diagnosis import Diagnosis, Question, problem, sound, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.formats.policy_members import Witness
    from indelible.formats.tlog_policy import Policy

__all__ = ["witness_questions"]

_PATIENCE = httpx.Timeout(10.0, connect=5.0)
_ADD_CHECKPOINT = "add-checkpoint"
"""C2SP tlog-witness, the one call of a witness. A request without a checkpoint is refused, and changes nothing."""
_APART = dt.timedelta(seconds=30)
"""Cosignatures bear times: who sees them compares these with their own."""


def witness_questions(policy: Policy) -> list[tuple[str, Question]]:
    """What to ask about every witness of a policy."""
    return [(f"witness {witness.name}", partial(_witness, witness)) for witness in policy.witnesses]


def _witness(witness: Witness) -> Iterator[Diagnosis]:
    subject = f"witness {witness.name}"
    if witness.url is None:
        yield sound(subject, "the policy names its key and no address: it is not asked")
        return
    address = f"{witness.url.rstrip('/')}/{_ADD_CHECKPOINT}"
    try:
        answer = httpx.post(address, content=b"", timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = "check the address, name resolution, and that this machine may connect to it; else ask who runs it"
        yield problem(subject, f"{address} cannot be reached: {error}", remedy)
        return
    if answer.status_code == HTTPStatus.NOT_FOUND or answer.is_redirect:
        remedy = "correct the witness's URL in the policy: it is what comes before /add-checkpoint"
        yield problem(subject, f"{address} answers {answer.status_code}: there is no witness", remedy)
        return
    if answer.is_server_error:
        yield problem(subject, f"{address} answers {answer.status_code}", "ask who runs it")
        return
    apart = _apart(answer)
    if apart is not None and apart > _APART:
        remedy = "synchronise the clocks (NTP); cosignatures bear the witness's time"
        yield warning(
            subject, f"it answers, and its clock differs from this one's by {apart.total_seconds():.0f} s", remedy
        )
        return
    yield sound(subject, f"{address} answers")


def _apart(answer: httpx.Response) -> dt.timedelta | None:
    """By how much the other's clock differs from ours, if it says its time."""
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return abs(dt.datetime.now(dt.UTC) - theirs) if theirs.tzinfo else None
