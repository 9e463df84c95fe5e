"""The document joined: paths, the schemas of the structs, the problem answers, and how to authenticate."""

from __future__ import annotations

from typing import Any

import msgspec

from indelible import __version__
from indelible.events.record import Event
from indelible.server.append import Appending
from indelible.server.ingest import Ingesting
from indelible.server.openapi.parts import problem_answers
from indelible.server.openapi.paths import PATHS
from indelible.server.problem import Problem
from indelible.server.routes.api_keys import ApiKey, ApiKeyList, NewKey, Rotation
from indelible.server.routes.auth import KeySignIn, Providers, Session
from indelible.server.routes.events import Consistency
from indelible.server.routes.grants import GrantList, MadeGrant, NewGrant
from indelible.server.routes.logs import LogDescription, LogList, NewLog
from indelible.server.routes.search import Facets, Histogram
from indelible.server.routes.searches import ChangedSearch, NewSearch, Search, SearchList
from indelible.server.sessions import COOKIE

__all__ = ["build_document"]

_ABOUT = (
    "An immutable audit log: append-only, verifiable offline with open formats (C2SP tlog-tiles, checkpoints, "
    "tlog-proof). Errors are RFC 9457 problem documents. Every answer bears `X-Request-Id`."
)
_TAGS = {
    "Append": "Adding events. Nothing changes or deletes one.",
    "Search": "Finding, counting, following and taking away events.",
    "Saved searches": "Queries under names.",
    "Read": "Single events and proofs.",
    "Tiles": "The C2SP tlog-tiles interface: what verifiers read.",
    "Logs": "The logs of this server.",
    "API keys": "Who may come in.",
    "Grants": "Who may do what.",
    "Signing in": "For the console's pages; programs use keys.",
    "Operations": "For load balancers, monitoring and people.",
}
_STRUCTS: tuple[Any, ...] = (
    Event[Any],
    Appending,
    Ingesting,
    Consistency,
    NewLog,
    LogDescription,
    LogList,
    NewKey,
    Rotation,
    NewGrant,
    MadeGrant,
    GrantList,
    ApiKey,
    ApiKeyList,
    KeySignIn,
    Session,
    Providers,
    Problem,
    Histogram,
    Facets,
    NewSearch,
    ChangedSearch,
    Search,
    SearchList,
)


def build_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of this version."""
    _, schemas = msgspec.json.schema_components(_STRUCTS, ref_template="#/components/schemas/{name}")
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Indelible",
            "version": __version__,
            "summary": "An immutable audit log",
            "description": _ABOUT,
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"session": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": PATHS,
        "components": {
            "schemas": {**schemas, "StoredRecord": _STORED_RECORD, "DamagedEntry": _DAMAGED_ENTRY, "Page": _PAGE},
            "responses": problem_answers(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (`idl_<id>_<secret>`), or a token of a configured identity provider.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "The console's session; what changes something needs `X-Indelible-Console: 1` too.",
                },
            },
        },
    }
    tidied: dict[str, Any] = _tidied(document)
    return tidied


_STORED_RECORD: dict[str, Any] = {
    "title": "StoredRecord",
    "description": (
        "A record, and where it is. Without `index`, `leaf_hash` and `published`, its RFC 8785 bytes are the log entry."
    ),
    "type": "object",
    "properties": {
        "v": {"const": 1},
        "id": {"type": "string", "description": "A UUIDv7 in lower case."},
        "index": {"type": "integer", "minimum": 0},
        "leaf_hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "published": {"type": "boolean", "description": "Whether a signed checkpoint covers it."},
        "proof": {"type": "string", "description": "A `c2sp.org/tlog-proof@v1` text, where one was asked for."},
        "occurred_at": {"type": "string"},
        "received_at": {"type": "string"},
        "action": {"type": "string"},
        "outcome": {"enum": ["success", "failure", "denied", "unknown"]},
        "actor": {"type": "object"},
        "principal": {"type": "string"},
        "log": {"type": "string"},
    },
    "required": [
        "v", "id", "index", "leaf_hash", "published", "occurred_at", "received_at", "action", "outcome", "actor",
        "principal", "log",
    ],
    "additionalProperties": True,
}  # fmt: skip

_DAMAGED_ENTRY: dict[str, Any] = {
    "title": "DamagedEntry",
    "description": "An entry that is no record any more: somebody has altered what is stored, or taken it away.",
    "type": "object",
    "properties": {
        "index": {"type": "integer", "minimum": 0},
        "published": {"type": "boolean"},
        "damaged": {"type": "string", "description": "The log and the file in which it is, and what to do."},
    },
    "required": ["index", "published", "damaged"],
}

_PAGE: dict[str, Any] = {
    "title": "Page",
    "description": "One page of a search. `next` is the cursor of the following one, or `null` when this is the last.",
    "type": "object",
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"$ref": "#/components/schemas/StoredRecord"},
                    {"$ref": "#/components/schemas/DamagedEntry"},
                ]
            },
        },
        "next": {"type": ["string", "null"]},
        "coverage": {"$ref": "#/components/schemas/CoverageShown"},
    },
    "required": ["events", "next", "coverage"],
}


def _tidied(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """JSON Schema as others read it: plain names for generic structs, and ECMAScript's anchors in patterns."""
    if isinstance(value, dict):
        return {_plain(key): _tidied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    if text.startswith("\\A"):
        text = "^" + text.removeprefix("\\A").removesuffix("\\Z") + "$"
    return text.replace("_Any_", "").replace("[Any]", "")
