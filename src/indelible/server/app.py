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
from typing import TYPE_CHECKING

import structlog
from litestar import Litestar

from indelible.access import ClientCertificates, RateLimit, Rates
from indelible.access.oidc.tokens import TokenVerifier
from indelible.config import Configuration
from indelible.server.answer import send_answer
from indelible.server.append import Append
from indelible.server.blocking import Blocking
from indelible.server.body import Budget, ClientGone
from indelible.server.context import Context
from indelible.server.current_request import enter_request
from indelible.server.failures import exception_handlers, failure_answer
from indelible.server.following import Following
from indelible.server.ingest import Ingest
from indelible.server.metrics import Metrics
from indelible.server.proxies import Proxies
from indelible.server.readiness import server_readiness
from indelible.server.response_headers import with_headers
from indelible.server.routes import all_routes
from indelible.server.searching import Searching
from indelible.server.sessions import Sessions
from indelible.server.sign_ins import SignIns
from indelible.server.system_events import SystemEvents
from indelible.server.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from indelible.access import ApiKeys, Authenticator, Grants
    from indelible.control import SearchStore
    from indelible.server.answer import Answer
    from indelible.server.asgi import Receive, Scope, Send
    from indelible.server.hosted_logs import HostedLogs
    from indelible.server.metrics import RouteCount
    from indelible.server.readiness import Readiness
    from indelible.system_log.acts import Acts

__all__ = ["Application", "create_app"]

_log = structlog.get_logger("indelible.server")
_GONE = 499


def create_app(
    *,
    logs: HostedLogs,
    api_keys: ApiKeys,
    grants: Grants,
    authenticator: Authenticator,
    acts: Acts,
    tokens: TokenVerifier | None = None,
    searches: SearchStore,
    configuration: Configuration | None = None,
) -> Application:
    """The application over these logs, keys and grants. Nothing runs until it is served.

    Raises:
        ConfigurationError: something that is configured cannot work.
    """
    configuration = configuration or Configuration()
    settings = configuration.server
    budget = Budget(settings.max_in_flight)
    blocking = Blocking(settings.threads)
    searching = Searching(
        threads=settings.search_threads, waiting=settings.searches_waiting, seconds=settings.search_timeout
    )
    readiness = server_readiness(logs, configuration)
    return Application(
        Context(
            logs=logs,
            api_keys=api_keys,
            grants=grants,
            authenticator=authenticator,
            certificates=ClientCertificates(configuration.certificates),
            acts=acts,
            tokens=tokens or TokenVerifier([]),
            sessions=Sessions(authenticator, idle=settings.session_idle, lifetime=settings.session_lifetime),
            sign_ins=SignIns(),
            system=SystemEvents(logs.system, blocking),
            settings=settings,
            blocking=blocking,
            budget=budget,
            metrics=Metrics(logs, budget, readiness),
            rates=Rates(
                RateLimit(
                    requests_per_second=settings.requests_per_second or None,
                    events_per_second=settings.events_per_second or None,
                )
            ),
            searches=searches,
            searching=searching,
            following=Following(
                blocking=blocking,
                searching=searching,
                most=settings.max_streams,
                most_of_one=settings.max_streams_of_one,
                heartbeat=settings.heartbeat,
            ),
            exporting=Blocking(settings.max_exports),
            readiness=readiness,
        ),
        configuration,
    )


class Application:
    """The ASGI callable."""

    def __init__(self, context: Context, configuration: Configuration) -> None:
        self._proxies = Proxies(configuration.proxy)
        self._tracing = Tracing.from_settings(configuration.telemetry)
        self._log_requests = configuration.logging.requests
        if self._tracing is not None:
            context.logs.on_publication = self._tracing.published
        self.settings = context.settings
        self._context = context
        self._append = Append(context)
        self._ingest = Ingest(context)
        self.litestar = Litestar(
            all_routes(context, append=self._append, ingest=self._ingest),
            exception_handlers=exception_handlers(self._fail),
            openapi_config=None,  # the document is written by hand, in indelible.server.openapi
            logging_config=None,  # the command line configures logging, nothing else does
            request_max_body_size=None,  # bodies are read, and bounded, by indelible.server.body
        )
        self._request_ids = map((secrets.token_hex(6).encode() + b"-%x").__mod__, itertools.count(1))
        self._appends = context.metrics.route("append")
        self._ingests = context.metrics.route("ingest")
        self._active = 0
        self._idle: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self._proxies.admit(scope)
        self._active += 1
        try:
            if self._tracing is None:
                await self._answer(scope, receive, send)
            else:
                with self._tracing.request(scope) as ended:
                    ended(*await self._answer(scope, receive, send))
        finally:
            self._active -= 1
            if self._idle is not None and not self._active:
                self._idle.set()

    @property
    def metrics(self) -> Metrics:
        """What is counted here."""
        return self._context.metrics

    @property
    def certificates(self) -> ClientCertificates:
        """Whom client certificates identify."""
        return self._context.certificates

    @property
    def readiness(self) -> Readiness:
        """The questions that ``/readyz`` asks; parts that can be behind add theirs."""
        return self._context.readiness

    @property
    def body_bytes_in_flight(self) -> int:
        """Bytes of request bodies in hand now."""
        return self._context.budget.used

    @property
    def searches_under_way(self) -> int:
        """Searches that run or wait for a thread."""
        return self._context.searching.under_way

    @property
    def streams(self) -> int:
        """Live tails that are open."""
        return self._context.following.streams

    async def idle(self) -> None:
        """Wait until no request is in hand."""
        while self._active:
            self._idle = asyncio.Event()
            await self._idle.wait()
        self._idle = None

    def stop_streams(self) -> None:
        """End the live tails, which would otherwise never be finished; clients resume where they were."""
        self._context.following.stop()

    def close(self) -> None:
        """End the threads, and write down what is kept in memory. The logs are their opener's to close."""
        self._context.searching.close()
        self._context.exporting.close()
        self._context.blocking.close()
        self._context.write_uses()
        self.write_denials()

    def write_denials(self) -> None:
        """Record the denials that have been counted, without waiting for their minute to end. Blocks."""
        self._context.system.write_denials()

    def _fail(self, error: BaseException, scope: Scope, request_id: bytes) -> Answer:
        answer = failure_answer(error, scope, request_id)
        if answer.status in (401, 403):
            self._context.system.count_denial(scope.get("path_template") or "append")
        return answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> tuple[int, str]:
        """Answer, count, and say so; returns the status and the route."""
        started = time.perf_counter()
        request_id = next(self._request_ids)
        enter_request(scope, request_id)
        endpoint, count = self._plain_endpoint(scope, receive)
        if endpoint is None:
            status, route = await self._through_litestar(scope, receive, send, request_id)
            count = self._context.metrics.route(route)
        else:
            route = count.route
            try:
                answer = await endpoint
            except ClientGone:
                return _GONE, route  # there is nobody to answer
            except Exception as error:  # noqa: BLE001 - whatever it is becomes a problem document
                answer = self._fail(error, scope, request_id)
            status = answer.status
            await send_answer(answer, request_id, send)
        seconds = time.perf_counter() - started
        count.add(status, seconds)
        if self._log_requests:
            _log.info(
                "request",
                request_id=request_id.decode(),
                method=scope["method"],
                route=route,
                status=status,
                seconds=round(seconds, 6),
                client=scope["client"][0] if scope.get("client") else None,
            )
        return status, route

    def _plain_endpoint(self, scope: Scope, receive: Receive) -> tuple[Awaitable[Answer] | None, RouteCount]:
        path: str = scope["path"]
        if scope["method"] == "POST" and path.startswith("/v1/logs/"):
            match path[9:].split("/"):
                case [log, "events"]:
                    return self._append(log, scope, receive), self._appends
                case [log, "ingest", form]:
                    return self._ingest(log, form, scope, receive), self._ingests
        return None, self._appends

    async def _through_litestar(self, scope: Scope, receive: Receive, send: Send, request_id: bytes) -> tuple[int, str]:
        scope["indelible.request_id"] = request_id  # for whoever has to log this request
        scope["indelible.path"] = scope["path"]  # Litestar tidies the other
        status = [0]
        with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
            await self.litestar(scope, receive, with_headers(send, request_id, status, tls=scope["scheme"] == "https"))
        return status[0], scope.get("path_template") or "none"
