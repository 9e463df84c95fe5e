"""Live tail: ``GET /v1/logs/{log}/stream``, as Server-Sent Events (WHATWG HTML, section 9.2).

An event's id is the index of its entry, so ``Last-Event-ID`` resumes without loss or repetition, on this server or,
after a restart, the next. Credentials are looked at again every heartbeat: a revoked key ends its streams,
and so does a grant that now shows something else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from litestar import Request, get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from litestar.types import ASGIApp  # noqa: TC002 - as above

from indelible.access import Permission
from indelible.server.body import read_headers
from indelible.server.outpouring import Outpouring
from indelible.server.place import with_place
from indelible.server.problem import Refusal
from indelible.server.query import parse_natural, parse_query
from indelible.server.question import asked, read_question
from indelible.system_log import Action

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from litestar.handlers import HTTPRouteHandler

    from indelible.server.context import Context

__all__ = ["stream_routes"]

_HEARTBEAT = b":\n\n"
_BEGIN = b"retry: 1000\n\n"  # milliseconds after which a browser comes back


def stream_routes(context: Context) -> list[HTTPRouteHandler]:
    """The route, over these logs."""

    @get("/v1/logs/{log:str}/stream")
    async def stream_events(request: Request[Any, Any, Any], log: FromPath[str]) -> ASGIApp:
        headers = read_headers(request.scope["headers"])
        principal, hosted = await context.authorise(headers, Permission.READ, log)
        parameters = parse_query(request.scope["query_string"], ("q", "after"))
        visible = principal.visible(log)
        query = read_question(parameters, within=visible).query
        after = _read_position(parameters, request.headers.get("last-event-id"))
        context.following.check_room(principal.id)
        await context.system.record_reading(principal, Action.STREAM_OPENED, log, **asked(parameters))
        start = hosted.log.reader.acknowledged - 1 if after is None else after

        async def may_go_on() -> bool:
            """Whether the credentials still hold, and show what they showed when the stream began."""
            now = await context.authenticate(headers)
            return now.may(Permission.READ, log) and now.visible(log) == visible

        async def pieces() -> AsyncGenerator[bytes, None]:
            clock = asyncio.get_running_loop().time
            checked = clock()
            yield _BEGIN
            async for entries in context.following.follow(hosted, query, after=start, principal=principal.id):
                if clock() - checked >= context.settings.heartbeat or not entries:  # busy streams are looked at, too
                    if not await may_go_on():
                        return
                    checked = clock()
                sent = b"".join(b"id: %d\ndata: %b\n\n" % (each.index, with_place(each)) for each in entries)
                yield sent or _HEARTBEAT

        return Outpouring(
            pieces(),
            media_type="text/event-stream",
            stall=context.settings.stall_timeout,
            headers={"x-accel-buffering": "no"},  # or a reverse proxy would keep the events for itself
        )

    return [stream_events]


def _read_position(parameters: Mapping[str, str], last_event_id: str | None) -> int | None:
    """Beyond which index to begin; ``None`` for now. What a browser resumes with outweighs what the page asked for."""
    for name, text in (("Last-Event-ID", last_event_id), ("after", parameters.get("after"))):
        if text:
            index = -1 if text == "-1" else parse_natural(text)  # before the first entry of an empty log, say
            if index is None:
                raise Refusal(400, "bad-query", f"{name} must be an index of the log, not {text!r}", pointer=f"?{name}")
            return index
    return None
