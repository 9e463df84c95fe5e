"""API keys: ``/v1/api-keys``, one of them, its rotation and its end.

Whoever administers some logs sees, makes, rotates and revokes the keys that reach no further than those logs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import UNSET, Meta, Struct, UnsetType

from indelible.access import NewApiKey, RateLimit
from indelible.access.rates import MAX_RATE
from indelible.errors import NotFound
from indelible.server.body import read_headers
from indelible.server.granted_role import GrantedRole, read_grant
from indelible.server.json_body import read_json
from indelible.server.query import parse_query

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.access import ApiKeyInfo, Grant, Principal
    from indelible.server.context import Context

__all__ = ["ApiKey", "ApiKeyList", "Limit", "NewKey", "Rotation", "api_key_routes"]

_DAY = 86_400
_Rate = Annotated[int, Meta(ge=1, le=MAX_RATE)]


class Limit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key may send a second; ``null`` leaves it to the server's own limits."""

    requests_per_second: _Rate | None = None
    events_per_second: _Rate | None = None


class NewKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make. ``name`` is for people; without ``expires_at`` it holds until it is revoked."""

    name: str
    grants: list[GrantedRole]
    expires_at: datetime | None = None
    limit: Limit = Limit()


class Rotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to rotate a key. ``overlap`` is for how many seconds the old key works on.

    Without ``expires_at`` the new key lives as long as the old one was made to live.
    """

    overlap: Annotated[int, Meta(ge=0, le=30 * _DAY)] = _DAY
    expires_at: datetime | None = None


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key. ``principal`` is what records name; a rotated key and its successor share it.

    ``secret`` is there in the answer to its creation and never again. ``last_used_at`` is true to within a minute.
    """

    id: str
    principal: str
    name: str
    grants: list[GrantedRole]
    limit: Limit
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_to: str | None
    last_used_at: datetime | None
    secret: str | UnsetType = UNSET


class ApiKeyList(Struct, frozen=True, kw_only=True):
    """The keys that whoever asks may administer, the newest first."""

    api_keys: list[ApiKey]


def api_key_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these keys."""
    keys = context.api_keys

    async def administrator(request: Request[Any, Any, Any]) -> Principal:
        parse_query(request.scope["query_string"], ())
        return await context.administrator(read_headers(request.scope["headers"]))

    async def found(principal: Principal, key_id: str) -> ApiKeyInfo:
        key = await context.blocking(lambda: keys.get(key_id))
        if not _within(principal, key):
            detail = f"there is no API key {key_id!r}"  # as if there were none: its existence is not theirs to know
            raise NotFound(detail)
        return key

    @get("/v1/api-keys")
    async def list_api_keys(request: Request[Any, Any, Any]) -> Response[bytes]:
        principal = await administrator(request)
        listed = await context.blocking(keys.list)
        visible = [_show(key) for key in listed if _within(principal, key)]
        return Response(msgspec.json.encode(ApiKeyList(api_keys=visible)), media_type="application/json")

    @post("/v1/api-keys")
    async def create_api_key(request: Request[Any, Any, Any]) -> Response[bytes]:
        principal = await administrator(request)
        new = await read_json(request, read_headers(request.scope["headers"]), context, NewKey)
        grants = _grants(new)
        principal.require_administration(grant.log for grant in grants)
        limit = RateLimit(
            requests_per_second=new.limit.requests_per_second, events_per_second=new.limit.events_per_second
        )
        by = context.caller(principal)
        made = await context.blocking(
            lambda: keys.create(name=new.name, grants=grants, by=by, expires_at=new.expires_at, limit=limit)
        )
        return _made(made)

    @get("/v1/api-keys/{key:str}")
    async def show_api_key(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        principal = await administrator(request)
        return Response(msgspec.json.encode(_show(await found(principal, key))), media_type="application/json")

    @post("/v1/api-keys/{key:str}/rotate")
    async def rotate_api_key(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        principal = await administrator(request)
        how = await read_json(request, read_headers(request.scope["headers"]), context, Rotation)
        await found(principal, key)
        by = context.caller(principal)
        made = await context.blocking(
            lambda: keys.rotate(key, overlap=timedelta(seconds=how.overlap), by=by, expires_at=how.expires_at)
        )
        return _made(made)

    @delete("/v1/api-keys/{key:str}", status_code=204)
    async def revoke_api_key(request: Request[Any, Any, Any], key: FromPath[str]) -> None:
        principal = await administrator(request)
        await found(principal, key)
        by = context.caller(principal)
        await context.blocking(lambda: keys.revoke(key, by=by))

    return [list_api_keys, create_api_key, show_api_key, rotate_api_key, revoke_api_key]


def _within(principal: Principal, key: ApiKeyInfo) -> bool:
    """Whether all that the key may do, or nothing of what is left of it, lies in what the principal administers."""
    return all(principal.administers(log) for log in [grant.log for grant in key.grants] or ["*"])


def _grants(new: NewKey) -> list[Grant]:
    return [
        read_grant(granted.role, granted.log, granted.query, pointer=f"/grants/{place}")
        for place, granted in enumerate(new.grants)
    ]


def _made(key: NewApiKey) -> Response[bytes]:
    return Response(
        msgspec.json.encode(_show(key)),
        status_code=201,
        media_type="application/json",
        headers={"location": f"/v1/api-keys/{key.id}"},
    )


def _show(key: ApiKeyInfo) -> ApiKey:
    return ApiKey(
        id=key.id,
        principal=key.principal,
        name=key.name,
        grants=[GrantedRole(grant.role, grant.log, grant.query or None) for grant in key.grants],
        limit=Limit(requests_per_second=key.limit.requests_per_second, events_per_second=key.limit.events_per_second),
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        rotated_to=key.rotated_to,
        last_used_at=key.last_used_at,
        secret=key.secret if isinstance(key, NewApiKey) else UNSET,
    )
