"""Saved searches: ``/v1/searches``. A search belongs to a log; whoever may read that log sees it and may save one.

Who saved it, and who administers the log, may change or delete it. A text that the query language does not know is
refused here, not when somebody needs it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import Struct

from indelible.access import Permission
from indelible.errors import Forbidden, NotFound
from indelible.query.parser import parse_query as parse_language
from indelible.server.body import read_headers
from indelible.server.json_body import read_json
from indelible.server.query import parse_query

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.access import Principal
    from indelible.control import SavedSearch
    from indelible.server.context import Context

__all__ = ["ChangedSearch", "NewSearch", "Search", "SearchList", "saved_search_routes"]


class ChangedSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a name stands for: a query of one log. Relative times in it stay relative."""

    log: str
    query: str
    description: str = ""


class NewSearch(ChangedSearch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search to save. ``name`` is 1 to 63 of ``a-z 0-9 . _ -``."""

    name: str


class Search(Struct, frozen=True, kw_only=True):
    """A saved search."""

    name: str
    log: str
    query: str
    description: str
    created_at: str
    created_by: str


class SearchList(Struct, frozen=True, kw_only=True):
    """The searches of the logs that whoever asks may read, by name."""

    searches: list[Search]


def saved_search_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these searches."""
    store = context.searches

    async def asking(request: Request[Any, Any, Any]) -> Principal:
        parse_query(request.scope["query_string"], ())
        return await context.authenticate(read_headers(request.scope["headers"]))

    @get("/v1/searches")
    async def list_searches(request: Request[Any, Any, Any]) -> Response[bytes]:
        principal = await asking(request)
        saved = await context.blocking(store.list)
        shown = [_shown(each) for each in saved if principal.may(Permission.READ, each.log)]
        return _json(SearchList(searches=shown))

    @post("/v1/searches")
    async def create_search(request: Request[Any, Any, Any]) -> Response[bytes]:
        principal = await asking(request)
        new = await read_json(request, read_headers(request.scope["headers"]), context, NewSearch)
        _check(context, principal, new)
        saved = await context.blocking(
            lambda: store.create(
                new.name, log=new.log, query=new.query, description=new.description, created_by=principal.id
            )
        )
        return _json(_shown(saved), status=201, headers={"location": f"/v1/searches/{saved.name}"})

    @get("/v1/searches/{search:str}")
    async def get_search(request: Request[Any, Any, Any], search: FromPath[str]) -> Response[bytes]:
        return _json(_shown(await _visible(context, await asking(request), search)))

    @put("/v1/searches/{search:str}")
    async def replace_search(request: Request[Any, Any, Any], search: FromPath[str]) -> Response[bytes]:
        principal = await asking(request)
        await _changeable(context, principal, search)
        new = await read_json(request, read_headers(request.scope["headers"]), context, ChangedSearch)
        _check(context, principal, new)
        saved = await context.blocking(
            lambda: store.replace(search, log=new.log, query=new.query, description=new.description)
        )
        return _json(_shown(saved))

    @delete("/v1/searches/{search:str}", status_code=204)
    async def delete_search(request: Request[Any, Any, Any], search: FromPath[str]) -> None:
        await _changeable(context, await asking(request), search)
        await context.blocking(lambda: store.delete(search))

    return [list_searches, create_search, get_search, replace_search, delete_search]


async def _visible(context: Context, principal: Principal, name: str) -> SavedSearch:
    saved = await context.blocking(lambda: context.searches.get(name))
    if not principal.may(Permission.READ, saved.log):
        raise NotFound(f"there is no saved search {name!r}")  # its existence is not theirs to know
    return saved


async def _changeable(context: Context, principal: Principal, name: str) -> SavedSearch:
    saved = await _visible(context, principal, name)
    if saved.created_by != principal.id and not principal.may(Permission.ADMINISTER, saved.log):
        raise Forbidden(f"the search {name!r} belongs to {saved.created_by}; save your own under another name")
    return saved


def _check(context: Context, principal: Principal, new: ChangedSearch) -> None:
    principal.require(Permission.READ, new.log)
    context.logs.get(new.log)
    parse_language(new.query, now_us=time.time_ns() // 1_000)


def _shown(saved: SavedSearch) -> Search:
    return msgspec.convert(saved, Search, from_attributes=True)


def _json(value: Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=headers or {}
    )
