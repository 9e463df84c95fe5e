"""The two plain endpoints, as Litestar finds them: with a slash at the end, or with another method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, Response, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations

from indelible.server.failures import as_response

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.server.append import Append
    from indelible.server.ingest import Ingest

__all__ = ["appending_routes"]


def appending_routes(append: Append, ingest: Ingest) -> list[HTTPRouteHandler]:
    """Append and ingest."""

    @post("/v1/logs/{log:str}/events")
    async def append_events(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        return as_response(await append(log, request.scope, request.receive))

    @post("/v1/logs/{log:str}/ingest/{form:str}")
    async def ingest_events(
        request: Request[Any, Any, Any], log: FromPath[str], form: FromPath[str]
    ) -> Response[bytes]:
        return as_response(await ingest(log, form, request.scope, request.receive))

    return [append_events, ingest_events]
