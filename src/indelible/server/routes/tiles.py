"""The C2SP tlog-tiles interface of each log, exactly: ``/logs/{log}/checkpoint`` and ``/logs/{log}/tile/…``.

Checkpoint and hash tiles of a public log are for anyone; entry bundles hold the events themselves and always need a
reader's key, as does everything of a log that is not public. A reader whose grant is restricted by a query gets none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations

from indelible.access import Permission
from indelible.errors import FormatError, NotFound
from indelible.server.body import read_headers

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.server.asgi import Scope
    from indelible.server.context import Context
    from indelible.server.hosted_logs import HostedLog

__all__ = ["tile_routes"]

_TILE_AGE = "max-age=604800, immutable"


def tile_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these logs."""

    async def permitted(request: Request[Any, Any, Any], log: str, *, entries: bool) -> HostedLog:
        headers = read_headers(request.scope["headers"])
        hosted = context.logs.find(log)
        if not entries and hosted is not None and hosted.public:
            if headers.authorization is not None:
                await context.authenticate(headers)  # a wrong key is never taken for none
            return hosted
        return (await context.authorise(headers, Permission.READ_ALL, log))[1]

    @get("/logs/{log:str}/checkpoint")
    async def get_checkpoint(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        hosted = await permitted(request, log, entries=False)
        headers = {"cache-control": "no-cache", **_shared(hosted)}
        return Response(hosted.log.reader.checkpoint(), media_type="text/plain", headers=headers)

    @get("/logs/{log:str}/tile/{path:path}")
    async def get_tile(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        # The path as it was asked for, not as a router tidied it: one URL a tile.
        scope: Scope = request.scope
        path = scope["indelible.path"].removeprefix(f"/logs/{log}/")
        entries = path.startswith("tile/entries/")
        hosted = await permitted(request, log, entries=entries)
        reader = hosted.log.reader
        try:
            data = await context.blocking(lambda: reader.object(path))
        except FormatError as error:
            raise NotFound(str(error)) from error
        shared = {} if entries else _shared(hosted)
        headers = {"cache-control": f"{'public' if shared else 'private'}, {_TILE_AGE}", **shared}
        return Response(data, media_type="application/octet-stream", headers=headers)

    return [get_checkpoint, get_tile]


def _shared(hosted: HostedLog) -> dict[str, str]:
    """What lets a page from elsewhere, such as another party's verifier, read the tiles of a public log."""
    if not hosted.public:
        return {}
    return {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
