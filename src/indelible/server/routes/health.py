"""``/healthz``, ``/readyz`` and ``/metrics``: for load balancers, orchestrators and whoever is on call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get

from indelible.access import Permission
from indelible.errors import Unavailable
from indelible.server.body import read_headers

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.server.context import Context

__all__ = ["health_routes"]

_OK = b'{"status":"ok"}'
_EXPOSITION = "text/plain; version=0.0.4"  # Litestar adds the charset of what is text


def health_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these logs and counters."""

    @get("/healthz")
    async def healthz() -> Response[bytes]:
        return Response(_OK, media_type="application/json")

    @get("/readyz")
    async def readyz() -> Response[bytes]:
        reasons = [reason for reason in context.readiness.answers().values() if reason is not None]
        if reasons:
            # Open to anyone, so no names: /metrics and the server's own log have them.
            raise Unavailable("; ".join(reasons), retry_after=30.0)
        return Response(_OK, media_type="application/json")

    @get("/metrics")
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        if not context.settings.metrics_public:
            principal = await context.authenticate(read_headers(request.scope["headers"]))
            principal.require(Permission.READ_ALL, "*")
        return Response(await context.blocking(context.metrics.expose), media_type=_EXPOSITION)

    return [healthz, readyz, metrics]
