"""What happens when a request fails: errors in our words, and a line in the server's log when the fault is ours.

That line names the kind of error, where it arose and the file that is damaged, never the error's text: that of an
unexpected one may quote an event.
"""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from indelible.errors import Damaged
from indelible.server.answer import answer_for
from indelible.server.body import ClientGone
from indelible.server.problem import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar import Request
    from litestar.types import ExceptionHandlersMap

    from indelible.server.answer import Answer
    from indelible.server.asgi import Scope

__all__ = ["as_response", "exception_handlers", "failure_answer"]

_log = structlog.get_logger("indelible.server")

_OF_RECORDS = re.compile(r"/v1/logs/[^/]+/events(/.*)?")
_FRAMES = 8
_IMMUTABLE = (
    "records cannot be changed or deleted, by anybody: the log only grows. "
    "To correct something, append an event that says so"
)


def failure_answer(error: BaseException, scope: Scope, request_id: bytes) -> Answer:
    """The answer to a request that ended in ``error``; logs it when the fault is the server's."""
    if isinstance(error, HTTPException):
        error = _in_our_words(error, scope)
    answer = answer_for(error)
    if answer.status >= 500:
        # 503 is a state of affairs, which metrics and readiness show; 500 is something to look into.
        report = _log.error if answer.status == 500 else _log.warning
        report(
            "request_failed",
            request_id=request_id.decode(),
            method=scope["method"],
            route=scope.get("path_template") or "plain",
            status=answer.status,
            error=type(error).__name__,
            where=_where(error) if answer.status == 500 else None,
            path=error.path if isinstance(error, Damaged) else None,
        )
    return answer


def _where(error: BaseException) -> list[str]:
    """The innermost calls in which the error arose."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def exception_handlers(fail: Callable[[BaseException, Scope, bytes], Answer]) -> ExceptionHandlersMap:
    """Litestar's handlers: every error takes the same way, which ``fail`` is."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        if isinstance(error, ClientGone):
            return Response(b"", status_code=499)  # nobody reads it
        scope: Scope = request.scope
        return as_response(fail(error, scope, scope["indelible.request_id"]))

    return {HTTPException: handle, Exception: handle}


def as_response(answer: Answer) -> Response[bytes]:
    """An answer in Litestar's form."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, status_code=answer.status, media_type=answer.content_type.decode(), headers=headers)


def _in_our_words(error: HTTPException, scope: Scope) -> Refusal:
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "")
        detail = f"{scope['method']} is not possible here; {allowed or 'nothing'} is"
        if scope["method"] in {"PUT", "PATCH", "DELETE"} and _OF_RECORDS.fullmatch(scope["path"]):
            detail = _IMMUTABLE
        return Refusal(405, "method-not-allowed", detail, headers=[(b"allow", allowed.encode())])
    if isinstance(error, NotFoundException):
        return Refusal(404, "not-found", "there is nothing at this path; /docs lists what there is")
    return Refusal(400, "malformed-input", error.detail)
