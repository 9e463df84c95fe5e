"""Logs: ``GET /v1/logs``, ``POST /v1/logs``, ``GET /v1/logs/{log}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import Struct

from indelible.access import Permission
from indelible.server.body import read_headers
from indelible.server.json_body import read_json
from indelible.server.query import parse_query

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.server.context import Context
    from indelible.server.hosted_logs import HostedLog

__all__ = ["LogDescription", "LogList", "NewLog", "log_routes"]


class NewLog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log to create. Without ``origin`` it gets one that is unique to this server's data directory."""

    log: str
    origin: str | None = None
    public: bool = False


class LogDescription(Struct, frozen=True, kw_only=True):
    """One log. ``size``, ``root`` and ``checkpoint`` are the published ones; ``journaled`` entries are durable.

    ``policy`` is a C2SP tlog-policy that demands all of the log's signatures; nobody should take it from here alone.
    """

    log: str
    origin: str
    public: bool
    vkeys: list[str]
    size: int
    root: str
    checkpoint: str
    journaled: int
    read_only: str | None
    witnesses: list[str]
    policy: str


class LogList(Struct, frozen=True, kw_only=True):
    """The logs on which whoever asks has any role."""

    logs: list[LogDescription]


def log_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these logs."""

    @get("/v1/logs")
    async def list_logs(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        principal = await context.authenticate(read_headers(request.scope["headers"]))
        logs = [_describe(each) for each in context.logs.all() if principal.may(Permission.DESCRIBE, each.name)]
        return _json(LogList(logs=logs))

    @post("/v1/logs")
    async def create_log(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        headers = read_headers(request.scope["headers"])
        principal = await context.authenticate(headers)
        new = await read_json(request, headers, context, NewLog)
        principal.require(Permission.ADMINISTER, new.log)
        by = context.caller(principal)
        hosted = await context.blocking(
            lambda: context.logs.create(new.log, acts=context.acts, by=by, origin=new.origin, public=new.public)
        )
        return _json(_describe(hosted), status=201, headers={"location": f"/v1/logs/{new.log}"})

    @get("/v1/logs/{log:str}")
    async def describe_log(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        _, hosted = await context.authorise(read_headers(request.scope["headers"]), Permission.DESCRIBE, log)
        return _json(_describe(hosted))

    return [list_logs, create_log, describe_log]


def _describe(hosted: HostedLog) -> LogDescription:
    status = hosted.log.status
    return LogDescription(
        log=hosted.name,
        origin=hosted.log.origin,
        public=hosted.public,
        vkeys=list(hosted.vkeys),
        size=status.size,
        root=status.root.hex(),
        checkpoint=status.checkpoint.decode(),
        journaled=status.journaled,
        read_only=status.read_only,
        witnesses=[],
        policy=hosted.policy,
    )


def _json(value: Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=headers or {}
    )
