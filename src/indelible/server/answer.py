"""What a plain ASGI endpoint answers, and how it goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from indelible.server.problem import PROBLEM_JSON, problem_of

if TYPE_CHECKING:
    from indelible.server.asgi import Send

__all__ = ["JSON", "Answer", "answer_for", "send_answer"]

JSON = b"application/json"


class Answer(NamedTuple):
    """A whole response: status, body, media type, and headers beyond those that every response has."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def answer_for(error: BaseException) -> Answer:
    """The answer that an error has."""
    problem, headers = problem_of(error)
    return Answer(problem.status, problem.encode(), PROBLEM_JSON, tuple(headers))


async def send_answer(answer: Answer, request_id: bytes, send: Send) -> None:
    """Send an answer in the two messages that ASGI wants."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.content_type),
                (b"content-length", b"%d" % len(answer.body)),
                (b"x-request-id", request_id),
                (b"x-content-type-options", b"nosniff"),
                *answer.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})
