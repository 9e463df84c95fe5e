"""Grants: ``GET``, ``POST /v1/grants`` and ``DELETE /v1/grants/{id}``.

Whoever administers some logs sees, gives and takes the roles on those logs, and no others.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import Struct

from indelible.access import Role  # noqa: TC001 - msgspec reads the annotations
from indelible.access.grants import principal_of
from indelible.errors import Forbidden, NotFound
from indelible.server.body import read_headers
from indelible.server.granted_role import read_grant
from indelible.server.json_body import read_json
from indelible.server.query import parse_natural, parse_query

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from indelible.access import GrantInfo, Principal
    from indelible.server.context import Context

__all__ = ["GrantList", "MadeGrant", "NewGrant", "grant_routes"]


class NewGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grant to make.

    ``principal`` is ``api-key:<id>``, or ``oidc:<provider>:<subject>``, which need not have been seen before. ``query``
    restricts a reader to the records that match it, such as ``tenant:acme``.
    """

    principal: str
    role: Role
    log: str
    query: str | None = None


class MadeGrant(Struct, frozen=True, kw_only=True):
    """A grant that was made."""

    id: int
    principal: str
    principal_name: str
    role: Role
    log: str
    query: str | None
    created_at: datetime
    created_by: str


class GrantList(Struct, frozen=True, kw_only=True):
    """The grants on logs that whoever asks administers, the oldest first."""

    grants: list[MadeGrant]


def grant_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these grants."""
    grants = context.grants

    @get("/v1/grants")
    async def list_grants(request: Request[Any, Any, Any]) -> Response[bytes]:
        principal = await context.administrator(read_headers(request.scope["headers"]))
        wanted = parse_query(request.scope["query_string"], ("principal",)).get("principal")
        listed = await context.blocking(lambda: grants.list(None if wanted is None else principal_of(wanted)))
        shown = [_show(grant) for grant in listed if principal.administers(grant.grant.log)]
        return _json(GrantList(grants=shown))

    @post("/v1/grants")
    async def create_grant(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        headers = read_headers(request.scope["headers"])
        principal = await context.administrator(headers)
        new = await read_json(request, headers, context, NewGrant)
        grant = read_grant(new.role, new.log, new.query, pointer="")
        principal.require_administration([grant.log])
        await _require_key_within(context, principal, new.principal)
        by = context.caller(principal)
        made = await context.blocking(lambda: grants.create(new.principal, grant, by=by))
        return _json(_show(made), status=201, headers={"location": f"/v1/grants/{made.id}"})

    @delete("/v1/grants/{grant:str}", status_code=204)
    async def delete_grant(request: Request[Any, Any, Any], grant: FromPath[str]) -> None:
        parse_query(request.scope["query_string"], ())
        principal = await context.administrator(read_headers(request.scope["headers"]))
        number = parse_natural(grant)
        found = None if number is None else await context.blocking(lambda: grants.find(number))
        if found is None or not principal.administers(found.grant.log):
            detail = f"there is no grant {grant!r}"  # as if there were none: its existence is not theirs to know
            raise NotFound(detail)
        by = context.caller(principal)
        await context.blocking(lambda: grants.delete(found.id, by=by))

    return [list_grants, create_grant, delete_grant]


async def _require_key_within(context: Context, principal: Principal, receiver: str) -> None:
    """Refuse to give another team's key a role: its own administrators could not see or revoke it any more."""
    if receiver.startswith("api-key:"):
        present = await context.blocking(lambda: context.grants.list(receiver))
        if not all(principal.administers(log) for log in [grant.grant.log for grant in present] or ["*"]):
            detail = f"{receiver} has roles on logs that {principal.name!r} does not administer"
            raise Forbidden(detail)


def _show(made: GrantInfo) -> MadeGrant:
    return MadeGrant(
        id=made.id,
        principal=made.principal,
        principal_name=made.principal_name,
        role=made.grant.role,
        log=made.grant.log,
        query=made.grant.query or None,
        created_at=made.created_at,
        created_by=made.created_by,
    )


def _json(value: Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=headers or {}
    )
