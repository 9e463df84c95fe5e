"""API keys: ``GET``, ``POST /v1/api-keys`` and ``DELETE /v1/api-keys/{id}``.

Whoever administers some logs sees, makes and revokes the keys that reach no further than those logs.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import UNSET, Struct, UnsetType

from indelible.access import Grant, NewApiKey, Role
from indelible.errors import Forbidden, NotFound, UsageError
from indelible.server.body import read_headers
from indelible.server.json_body import read_json
from indelible.server.problem import Refusal
from indelible.server.query import parse_query

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.access import ApiKeyInfo, Principal
    from indelible.server.context import Context

__all__ = ["ApiKey", "ApiKeyList", "GrantedRole", "NewKey", "api_key_routes"]


class GrantedRole(Struct, frozen=True, forbid_unknown_fields=True):
    """A role on a log, or on all whose names begin in some way: ``team-a-*``, ``*``."""

    role: Role
    log: str


class NewKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make. ``name`` is for people; without ``expires_at`` it holds until it is revoked."""

    name: str
    grants: list[GrantedRole]
    expires_at: datetime | None = None


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key. ``secret`` is there in the answer to its creation and never again."""

    id: str
    name: str
    grants: list[GrantedRole]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    secret: str | UnsetType = UNSET


class ApiKeyList(Struct, frozen=True, kw_only=True):
    """The keys that whoever asks may administer, the newest first."""

    api_keys: list[ApiKey]


def api_key_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these keys."""
    keys = context.api_keys

    async def administrator(request: Request[Any, Any, Any]) -> Principal:
        parse_query(request.scope["query_string"], ())
        principal = await context.authenticate(read_headers(request.scope["headers"]))
        if not principal.administers_any:
            detail = f"this needs the role admin, which {principal.name!r} does not have"
            raise Forbidden(detail)
        return principal

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
        made = await context.blocking(
            lambda: keys.create(name=new.name, grants=grants, created_by=principal.id, expires_at=new.expires_at)
        )
        return Response(
            msgspec.json.encode(_show(made)),
            status_code=201,
            media_type="application/json",
            headers={"location": f"/v1/api-keys/{made.id}"},
        )

    @delete("/v1/api-keys/{key:str}", status_code=204)
    async def revoke_api_key(request: Request[Any, Any, Any], key: FromPath[str]) -> None:
        principal = await administrator(request)
        found = await context.blocking(lambda: keys.get(key))
        if not _within(principal, found):
            detail = f"there is no API key {key!r}"  # as if there were none: its existence is not theirs to know
            raise NotFound(detail)
        await context.blocking(lambda: keys.revoke(key, by=principal.id))

    return [list_api_keys, create_api_key, revoke_api_key]


def _within(principal: Principal, key: ApiKeyInfo) -> bool:
    return all(principal.administers(grant.log) for grant in key.grants)


def _grants(new: NewKey) -> list[Grant]:
    grants = []
    for place, granted in enumerate(new.grants):
        try:
            grants.append(Grant(granted.role, granted.log))
        except UsageError as error:
            raise Refusal(422, "invalid-request", str(error), pointer=f"/grants/{place}/log") from error
    return grants


def _show(key: ApiKeyInfo) -> ApiKey:
    return ApiKey(
        id=key.id,
        name=key.name,
        grants=[GrantedRole(grant.role, grant.log) for grant in key.grants],
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        secret=key.secret if isinstance(key, NewApiKey) else UNSET,
    )
