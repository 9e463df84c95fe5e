"""Signing in to the console: ``/auth/…``. With an API key, or at an identity provider; both end in a session cookie."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath  # noqa: TC002 - Litestar reads the annotations
from msgspec import Struct

from indelible.access.oidc.code_flow import authorization_url, finish
from indelible.access.token import Token
from indelible.errors import NotFound, Unauthenticated
from indelible.server.body import read_headers
from indelible.server.current_request import current_request
from indelible.server.granted_role import GrantedRole
from indelible.server.json_body import read_json
from indelible.server.pages import page
from indelible.server.problem import Refusal
from indelible.server.query import parse_query
from indelible.server.response_headers import PAGE_POLICY
from indelible.server.same_origin import check_same_origin
from indelible.server.sessions import session_cookie, session_of
from indelible.server.sign_ins import ATTEMPT_COOKIE, attempt_cookie
from indelible.system_log import Action, SystemEvent

if TYPE_CHECKING:
    from litestar.datastructures import Cookie
    from litestar.handlers import HTTPRouteHandler

    from indelible.access import Principal
    from indelible.access.oidc.keys import ProviderKeys
    from indelible.access.oidc.provider import IdentityProvider
    from indelible.access.oidc.tokens import Identity
    from indelible.server.context import Context
    from indelible.server.sessions import OpenSession

__all__ = ["KeySignIn", "Providers", "Session", "auth_routes"]

_ANSWER = ("code", "state", "iss", "error", "error_description", "error_uri", "session_state")
_SIGNED_IN = '<h1>You are signed in</h1>\n<p><a href="/">Go on</a></p>'


class KeySignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An API key to sign in with."""

    api_key: str


class Session(Struct, frozen=True, kw_only=True):
    """Who is signed in, and what they may do now. ``expires_at`` is ``null`` for a key in a header."""

    principal: str
    name: str
    grants: list[GrantedRole]
    expires_at: datetime | None


class Providers(Struct, frozen=True, kw_only=True):
    """The names of the identity providers at which people can sign in: ``/auth/{name}/start``."""

    providers: list[str]


def auth_routes(context: Context) -> list[HTTPRouteHandler]:
    """The routes, over these sessions."""
    return [*_session_routes(context), *_provider_routes(context)]


def _session_routes(context: Context) -> list[HTTPRouteHandler]:
    """Signing in with a key, looking, signing out."""

    @post("/auth/login", status_code=200)
    async def sign_in_with_key(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        check_same_origin(request.scope)
        given = await read_json(request, read_headers(request.scope["headers"]), context, KeySignIn)
        header = f"Bearer {given.api_key}".encode("utf-8", "replace")
        principal = await context.blocking(lambda: context.authenticator.authenticate(header))
        current_request().principal = principal
        token = Token.parse(given.api_key.strip(" "))
        if token is None:  # a provider's token let them in; it is no key to sign in with
            raise Refusal(422, "invalid-request", "this is no API key: it begins with idl_", pointer="/api_key")
        cookie, session = await _begin(context, token.id, principal, "api-key")
        return _json(_show(session.principal, session.ends), cookie=session_cookie(cookie))

    @get("/auth/session")
    async def get_session(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        headers = read_headers(request.scope["headers"])
        principal = await context.authenticate(headers)
        cookie = session_of(headers.cookie)
        if headers.authorization is not None or headers.client_certificate is not None or cookie is None:
            return _json(_show(principal, None))
        session = await context.blocking(lambda: context.sessions.authenticate(cookie))
        return _json(_show(session.principal, session.ends))

    @post("/auth/logout", status_code=204)
    async def sign_out(request: Request[Any, Any, Any]) -> Response[None]:
        parse_query(request.scope["query_string"], ())
        headers = read_headers(request.scope["headers"])
        cookie = session_of(headers.cookie)
        if cookie is not None:
            with suppress(Unauthenticated):  # it has ended already
                principal = await context.authenticate(headers)
                await context.system.record(SystemEvent(action=Action.LOGOUT, by=context.caller(principal)))
            context.sessions.close(cookie)
        return Response(None, cookies=[session_cookie(None)])

    return [sign_in_with_key, get_session, sign_out]


def _provider_routes(context: Context) -> list[HTTPRouteHandler]:
    """Signing in at an identity provider."""

    @get("/auth/providers")
    async def list_providers(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        names = [provider.name for provider in context.tokens.providers if provider.client_id]
        return _json(Providers(providers=names))

    @get("/auth/{provider:str}/start", status_code=303)
    async def start_sign_in(request: Request[Any, Any, Any], provider: FromPath[str]) -> Response[bytes]:
        parse_query(request.scope["query_string"], ())
        found, keys = _provider(context, provider)
        attempt, cookie = context.sign_ins.begin(found.name)
        address = await context.blocking(partial(authorization_url, found, keys, attempt))
        return Response(b"", media_type="text/plain", headers={"location": address}, cookies=[attempt_cookie(cookie)])

    @get("/auth/{provider:str}/callback")
    async def finish_sign_in(request: Request[Any, Any, Any], provider: FromPath[str]) -> Response[bytes]:
        found, keys = _provider(context, provider)
        parameters = parse_query(request.scope["query_string"], _ANSWER)
        kept = session_of(read_headers(request.scope["headers"]).cookie, ATTEMPT_COOKIE)
        attempt = context.sign_ins.take(found.name, parameters.get("state", ""), kept)
        code = parameters.get("code")
        if attempt is None or code is None:
            raise Unauthenticated("this attempt to sign in was not begun here, is over, or was refused; begin again")
        identity = await context.blocking(
            partial(finish, found, keys, attempt, code=code, issuer=parameters.get("iss"))
        )
        principal = await context.blocking(partial(context.authenticator.principal_of, identity))
        current_request().principal = principal
        principal.require_any_grant()
        cookie, _ = await _begin(context, identity, principal, "oidc")
        # A page and not a redirect: on one, the browser would still count the provider's site as the sender, and keep
        # the new cookie to itself.
        headers = {"content-security-policy": PAGE_POLICY, "refresh": "0; url=/"}
        cookies = [session_cookie(cookie), attempt_cookie(None)]
        return Response(page("Signed in", _SIGNED_IN), media_type="text/html", headers=headers, cookies=cookies)

    return [list_providers, start_sign_in, finish_sign_in]


def _provider(context: Context, name: str) -> tuple[IdentityProvider, ProviderKeys]:
    found = context.tokens.find(name)
    if found is None or not found[0].client_id:
        detail = f"nobody signs in at {name!r} here; /auth/providers lists where they do"
        raise NotFound(detail)
    return found


async def _begin(
    context: Context, subject: str | Identity, principal: Principal, method: str
) -> tuple[str, OpenSession]:
    """Open a session, on the record."""
    by = current_request().caller(principal)
    await context.system.record(SystemEvent(action=Action.LOGIN, by=by, details={"method": method}))
    return await context.blocking(lambda: context.sessions.open(subject))


def _show(principal: Principal, ends: float | None) -> Session:
    return Session(
        principal=principal.id,
        name=principal.name,
        grants=[GrantedRole(grant.role, grant.log, grant.query or None) for grant in principal.grants],
        expires_at=None if ends is None else datetime.fromtimestamp(int(ends), UTC),
    )


def _json(value: Struct, *, cookie: Cookie | None = None) -> Response[bytes]:
    cookies = [] if cookie is None else [cookie]
    return Response(msgspec.json.encode(value), media_type="application/json", cookies=cookies)
