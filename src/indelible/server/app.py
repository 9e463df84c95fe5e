"""The ASGI application: every request passes here once, on its way in and on its way out.

Two endpoints are plain ASGI and found by their path before anything else looks: appending must cost little more than
the request itself. Everything else is Litestar's routing over :mod:`indelible.server.routes`. Both ways end in the same
problem documents, the same headers, the same counters.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING

from litestar import Litestar

from indelible.server.answer import send_answer
from indelible.server.append import Append
from indelible.server.blocking import Blocking
from indelible.server.body import Budget, ClientGone
from indelible.server.context import Context
from indelible.server.failures import exception_handlers, failure_answer
from indelible.server.ingest import Ingest
from indelible.server.metrics import Metrics
from indelible.server.response_headers import with_headers
from indelible.server.routes import all_routes
from indelible.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from indelible.access import ApiKeys, Authenticator
    from indelible.server.answer import Answer
    from indelible.server.asgi import Receive, Scope, Send
    from indelible.server.hosted_logs import HostedLogs

__all__ = ["Application", "create_app"]


def create_app(
    *,
    logs: HostedLogs,
    api_keys: ApiKeys,
    authenticator: Authenticator,
    settings: ServerSettings | None = None,
) -> Application:
    """The application over these logs and keys. Nothing runs until it is served."""
    settings = settings or ServerSettings()
    budget = Budget(settings.max_in_flight)
    return Application(
        Context(
            logs=logs,
            api_keys=api_keys,
            authenticator=authenticator,
            settings=settings,
            blocking=Blocking(settings.threads),
            budget=budget,
            metrics=Metrics(logs, budget),
        )
    )


class Application:
    """The ASGI callable."""

    def __init__(self, context: Context) -> None:
        self.settings = context.settings
        self._context = context
        self._append = Append(context)
        self._ingest = Ingest(context)
        self._litestar = Litestar(
            all_routes(context, append=self._append, ingest=self._ingest),
            exception_handlers=exception_handlers(),
            openapi_config=None,  # the document is written by hand, in indelible.server.openapi
            logging_config=None,  # the command line configures logging, nothing else does
            request_max_body_size=None,  # bodies are read, and bounded, by indelible.server.body
        )
        self._request_ids = map((secrets.token_hex(6) + "-%x").__mod__, itertools.count(1))
        self._active = 0
        self._idle: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        request_id = next(self._request_ids).encode()
        scope["indelible.request_id"] = request_id  # for whoever has to log this request
        scope["indelible.path"] = scope["path"]  # Litestar tidies the other
        self._active += 1
        try:
            route, endpoint = self._plain_endpoint(scope, receive)
            if endpoint is None:
                status = [0]
                await self._litestar(scope, receive, with_headers(send, request_id, status))
                self._count(scope.get("path_template") or "none", status[0], started)
            else:
                answer = await _answered(endpoint(), scope)
                if answer is not None:
                    await send_answer(answer, request_id, send)
                    self._count(route, answer.status, started)
        finally:
            self._active -= 1
            if self._idle is not None and not self._active:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is in hand."""
        while self._active:
            self._idle = asyncio.Event()
            await self._idle.wait()
        self._idle = None

    def close(self) -> None:
        """End the threads. The logs are their opener's to close."""
        self._context.blocking.close()

    def _plain_endpoint(self, scope: Scope, receive: Receive) -> tuple[str, Callable[[], Awaitable[Answer]] | None]:
        path: str = scope["path"]
        if scope["method"] == "POST" and path.startswith("/v1/logs/"):
            match path.split("/"):
                case ["", "v1", "logs", log, "events"]:
                    return "append", partial(self._append, log, scope, receive)
                case ["", "v1", "logs", log, "ingest", form]:
                    return "ingest", partial(self._ingest, log, form, scope, receive)
        return "", None

    def _count(self, route: str, status: int, started: float) -> None:
        self._context.metrics.answered(route, status, time.perf_counter() - started)


async def _answered(endpoint: Awaitable[Answer], scope: Scope) -> Answer | None:
    """The endpoint's answer, or the one that its error has; ``None`` when there is nobody to answer."""
    try:
        return await endpoint
    except ClientGone:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is becomes a problem document
        return failure_answer(error, scope)
