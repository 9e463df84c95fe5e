"""The operations about who may come in, and do what: signing in, API keys, grants."""

from __future__ import annotations

from typing import Any

from indelible.server.openapi.parts import (
    BODY_PROBLEMS,
    ROLE_PROBLEMS,
    empty_answer,
    json_answer,
    json_body,
    operation,
    path_parameter,
    query_parameter,
    schema,
    text_answer,
)

__all__ = ["PATHS"]

_LIST_KEYS = operation(
    "listApiKeys",
    "The API keys",
    "Those that reach no further than the logs that the key administers; revoked ones too.",
    tag="API keys",
    answers={200: json_answer("The keys.", schema("ApiKeyList"))},
    problems=ROLE_PROBLEMS,
)
_NEW_KEY = {"name": "billing service", "grants": [{"role": "writer", "log": "main"}]}
_CREATE_KEY = operation(
    "createApiKey",
    "Make an API key",
    "The answer holds the secret; it is never shown again.",
    tag="API keys",
    request=json_body("The key.", "NewKey", example=_NEW_KEY),
    answers={201: json_answer("The key with its secret.", schema("ApiKey"), Location="Its path.")},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS],
)
_KEY = path_parameter("id", "The key's id: the second part of the key.", minLength=1)
_SHOW_KEY = operation(
    "getApiKey",
    "One API key",
    "Never its secret.",
    tag="API keys",
    parameters=[_KEY],
    answers={200: json_answer("The key.", schema("ApiKey"))},
    problems=[*ROLE_PROBLEMS, 404],
)
_ROTATE_KEY = operation(
    "rotateApiKey",
    "Rotate an API key",
    "Makes a key for the same principal, with the same grants; its secret is in the answer and never shown again. The "
    "old key works on for `overlap` seconds, so that whoever uses it can change over.",
    tag="API keys",
    parameters=[_KEY],
    request=json_body("How.", "Rotation", example={"overlap": 3_600}),
    answers={201: json_answer("The new key with its secret.", schema("ApiKey"), Location="Its path.")},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 404, 409],
)
_REVOKE_KEY = operation(
    "revokeApiKey",
    "Revoke an API key",
    "It is worthless from now on. Records that it wrote stay, and keep naming it. The last key that administers "
    "everything cannot be revoked.",
    tag="API keys",
    parameters=[_KEY],
    answers={204: empty_answer("Revoked.")},
    problems=[*ROLE_PROBLEMS, 404, 409, 503],
)
_LIST_GRANTS = operation(
    "listGrants",
    "The grants",
    "Those on logs that the key administers, whoever has them.",
    tag="Grants",
    parameters=[query_parameter("principal", "Only those of this principal.", minLength=1)],
    answers={200: json_answer("The grants.", schema("GrantList"))},
    problems=[*ROLE_PROBLEMS, 422],
)
_NEW_GRANT = {"principal": "api-key:7kq2m3xa90bd", "role": "reader", "log": "main", "query": "tenant:acme"}
_CREATE_GRANT = operation(
    "createGrant",
    "Grant a role",
    "To an API key, or to a subject of an identity provider. A reader's grant may be restricted by a query: such a "
    "reader sees the records that match it and nothing else, so no tiles, entry bundles or proofs either.",
    tag="Grants",
    request=json_body("The grant.", "NewGrant", example=_NEW_GRANT),
    answers={201: json_answer("The grant as made.", schema("MadeGrant"), Location="Its path.")},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 404, 409],
)
_DELETE_GRANT = operation(
    "deleteGrant",
    "Take a role back",
    "At once. The last API key that administers everything cannot lose that.",
    tag="Grants",
    parameters=[path_parameter("id", "The grant's id, as the list shows it.", pattern="^[0-9]{1,18}$")],
    answers={204: empty_answer("Taken back.")},
    problems=[*ROLE_PROBLEMS, 404, 409, 503],
)
_NOBODY = {"api_key": "idl_7kq2m3xa90bd_…"}
_SIGN_IN = operation(
    "signIn",
    "Sign in with an API key",
    "For the console's pages: the answer sets the cookie of a session. Needs `X-Indelible-Console: 1`, and to come "
    "from a page of this server.",
    tag="Signing in",
    request=json_body("The key.", "KeySignIn", example=_NOBODY),
    answers={200: json_answer("Who is signed in.", schema("Session"), Set_Cookie="The session.")},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS],
    public=True,
)
_SESSION = operation(
    "getSession",
    "Who is signed in",
    "By a session's cookie, or whatever else lets in.",
    tag="Signing in",
    answers={200: json_answer("Who, and what they may do.", schema("Session"))},
    problems=ROLE_PROBLEMS,
)
_SIGN_OUT = operation(
    "signOut",
    "Sign out",
    "Ends the session of the cookie, if there is one.",
    tag="Signing in",
    answers={204: empty_answer("There is no session any more.")},
    problems=[*ROLE_PROBLEMS, 503],
    public=True,
)
_PROVIDER = path_parameter("provider", "The provider's name.", pattern="^[a-z0-9][a-z0-9-]{0,31}$")
_PROVIDERS = operation(
    "listProviders",
    "Where people can sign in",
    "The identity providers that are configured for it.",
    tag="Signing in",
    answers={200: json_answer("Their names.", schema("Providers"))},
    problems=[400],
    public=True,
)
_START = operation(
    "startSignIn",
    "Sign in at an identity provider",
    "Sends the browser there: the authorization code flow of OpenID Connect, with PKCE.",
    tag="Signing in",
    parameters=[_PROVIDER],
    answers={303: text_answer("To the provider.", Location="The provider's page.", Set_Cookie="The attempt.")},
    problems=[400, 404, 503],
    public=True,
)
_CALLBACK = operation(
    "finishSignIn",
    "Come back from an identity provider",
    "Where the provider sends the browser. Only the browser that began, within ten minutes, and once.",
    tag="Signing in",
    parameters=[
        _PROVIDER,
        query_parameter("code", "What the provider gives for who it was."),
        query_parameter("state", "Which attempt it was."),
        query_parameter("iss", "The provider's own name (RFC 9207)."),
        query_parameter("error", "Why it was nobody."),
        query_parameter("error_description", "The same, for people."),
        query_parameter("error_uri", "More about it."),
        query_parameter("session_state", "The provider's own."),
    ],
    answers={200: text_answer("A page that leads on.", "text/html", Set_Cookie="The session.")},
    problems=[400, 401, 403, 404, 503],
    public=True,
)

PATHS: dict[str, Any] = {
    "/v1/api-keys": {"get": _LIST_KEYS, "post": _CREATE_KEY},
    "/v1/api-keys/{id}": {"get": _SHOW_KEY, "delete": _REVOKE_KEY},
    "/v1/api-keys/{id}/rotate": {"post": _ROTATE_KEY},
    "/v1/grants": {"get": _LIST_GRANTS, "post": _CREATE_GRANT},
    "/v1/grants/{id}": {"delete": _DELETE_GRANT},
    "/auth/login": {"post": _SIGN_IN},
    "/auth/session": {"get": _SESSION},
    "/auth/logout": {"post": _SIGN_OUT},
    "/auth/providers": {"get": _PROVIDERS},
    "/auth/{provider}/start": {"get": _START},
    "/auth/{provider}/callback": {"get": _CALLBACK},
}
