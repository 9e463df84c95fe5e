"""Reading single events, and proofs: ``/v1/logs/{log}/events/{event}``, ``…/proof`` and ``…/consistency``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import Struct

from indelible.access import Permission
from indelible.errors import NotFound, UsageError
from indelible.server.body import read_headers
from indelible.server.place import with_place
from indelible.server.query import natural, parse_natural, parse_query
from indelible.server.visibility import read_visible

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.log import Reader, StoredEntry
    from indelible.server.context import Context

__all__ = ["Consistency", "event_routes"]


class Consistency(Struct, frozen=True, kw_only=True):
    """An RFC 6962 consistency proof between two sizes of a log's tree. Hashes are lower-case hex."""

    log: str
    from_: int = msgspec.field(name="from")
    to: int
    hashes: list[str]


def event_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these logs."""

    @get("/v1/logs/{log:str}/events/{event:str}")
    async def get_event(request: Request[Any, Any, Any], log: FromPath[str], event: FromPath[str]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        headers = read_headers(request.scope["headers"])
        principal, hosted = await context.authorise(headers, Permission.READ, log)
        reader = hosted.log.reader

        def read() -> StoredEntry:
            return reader.look(_index(reader, event)).checked()

        stored = await context.blocking(lambda: read_visible(principal, log, event, read))
        return Response(with_place(stored), media_type="application/json")

    @get("/v1/logs/{log:str}/events/{event:str}/proof")
    async def get_proof(request: Request[Any, Any, Any], log: FromPath[str], event: FromPath[str]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        headers = read_headers(request.scope["headers"])
        _, hosted = await context.authorise(headers, Permission.PROVE, log)
        reader = hosted.log.reader
        proof = await context.blocking(lambda: reader.prove(_index(reader, event)))
        return Response(proof, media_type="text/plain")

    @get("/v1/logs/{log:str}/consistency")
    async def get_consistency(request: Request[Any, Any, Any], log: FromPath[str]) -> Response[bytes]:
        headers = read_headers(request.scope["headers"])
        _, hosted = await context.authorise(headers, Permission.PROVE, log)
        parameters = parse_query(request.scope["query_string"], ("from", "to"))
        old, new = natural(parameters, "from"), natural(parameters, "to")
        hashes = await context.blocking(lambda: hosted.log.reader.consistency(old, new))
        answer = Consistency(log=log, from_=old, to=new, hashes=[each.hex() for each in hashes])
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return [get_event, get_proof, get_consistency]


def _index(reader: Reader, event: str) -> int:
    """The index of an event that is named by its index or by its id. Blocks."""
    index = parse_natural(event)
    if index is not None:
        return index
    try:
        index = reader.find(event)
    except UsageError:
        index = None
    if index is None:
        detail = f"there is no event {event!r}: an event is named by its index or by its id, a UUIDv7 in lower case"
        raise NotFound(detail)
    return index
