"""Exports: ``GET /v1/logs/{log}/export``, streamed in constant memory, the oldest first by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from litestar.types import ASGIApp  # noqa: TC002 - as above

from indelible.access import Permission
from indelible.errors import Overloaded
from indelible.index import Control
from indelible.server.body import read_headers
from indelible.server.exporting import EXPORT_FORMATS, Export
from indelible.server.outpouring import Outpouring
from indelible.server.query import choice, parse_query
from indelible.server.question import SPAN, asked, read_order, read_question
from indelible.system_log import Action

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from litestar.handlers import HTTPRouteHandler

    from indelible.server.context import Context

__all__ = ["export_routes"]


def export_routes(context: Context) -> list[HTTPRouteHandler]:
    """The route, over these logs."""
    under_way = 0

    @get("/v1/logs/{log:str}/export")
    async def export_events(request: Request[Any, Any, Any], log: FromPath[str]) -> ASGIApp:
        headers = read_headers(request.scope["headers"])
        principal, hosted = await context.authorise(headers, Permission.EXPORT, log)
        parameters = parse_query(request.scope["query_string"], (*SPAN, "format", "order"))
        question = read_question(parameters, within=principal.visible(log))
        form = choice(parameters, "format", EXPORT_FORMATS, "ndjson")
        order = read_order(parameters, "asc")
        if under_way >= context.settings.max_exports:
            raise Overloaded(f"{under_way} exports are running already", retry_after=10.0, what="exports")
        await context.system.record_reading(principal, Action.EXPORT, log, **asked(parameters, {"format": form}))
        export = Export(hosted, question, form, order=order, control=Control())

        async def pieces() -> AsyncGenerator[bytes, None]:
            nonlocal under_way
            under_way += 1
            try:
                while piece := await context.exporting(export.next_piece):
                    yield piece
            finally:
                under_way -= 1
                context.exporting.start(export.close)

        media_type, suffix = EXPORT_FORMATS[form]
        return Outpouring(
            pieces(),
            media_type=media_type,
            stall=context.settings.stall_timeout,
            headers={"content-disposition": f'attachment; filename="{log}{suffix}"'},
        )

    return [export_events]
