"""Every path and operation of the server, in the order in which somebody new would read them."""

from __future__ import annotations

from typing import Any

from indelible.server.openapi import access, searching
from indelible.server.openapi.parts import (
    BODY_PROBLEMS,
    LOG,
    ROLE_PROBLEMS,
    body,
    json_answer,
    json_body,
    operation,
    path_parameter,
    query_parameter,
    schema,
    text_answer,
)

__all__ = ["PATHS"]

_EVENT = path_parameter("event", "The event's index in the log, or its id.", minLength=1)
_WAIT = query_parameter(
    "wait",
    "`journaled`: answer once the events are durable. `published`: also wait until a signed checkpoint covers them, "
    "and answer with a tlog-proof for each. `witnessed` needs a witness policy.",
    enum=["journaled", "published", "witnessed"],
    default="journaled",
)
_RETURN = query_parameter("return", "`minimal` leaves out `events`.", enum=["full", "minimal"], default="full")
_EXAMPLE = {
    "action": "invoice.approve",
    "actor": {"type": "user", "id": "ada"},
    "targets": [{"type": "invoice", "id": "9"}],
    "reason": "under limit",
}

_APPEND = operation(
    "appendEvents",
    "Append events",
    "One event as a JSON object, several as an array or as NDJSON; gzip is accepted. All are appended or none, new "
    "ones at consecutive indices. An `id` that was sent before with the same content adds nothing and is answered with "
    "its first index, so a request that got no answer can simply be sent again.",
    tag="Append",
    parameters=[LOG, _WAIT, _RETURN],
    request=body(
        "The events.",
        {
            "application/json": {
                "schema": {"anyOf": [schema("Event"), {"type": "array", "items": schema("Event")}]},
                "example": _EXAMPLE,
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    ),
    answers={
        200: json_answer("Nothing was new.", schema("Appending")),
        201: json_answer("The events are durable, and their indices final.", schema("Appending")),
    },
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 404, 405, 409],
)

_INGEST = operation(
    "ingestEvents",
    "Take in events of another format",
    "Takes what is good and says what was not: one poison event must not cost its neighbours. Ids follow from the "
    "foreign ones, so sending the same again adds nothing.",
    tag="Append",
    parameters=[
        LOG,
        path_parameter("format", "The format.", enum=["cloudtrail", "kubernetes", "cloudevents"]),
        _WAIT,
        _RETURN,
    ],
    request=body(
        'AWS CloudTrail `{"Records": […]}`; a Kubernetes audit `EventList`, one `Event`, or one a line; '
        "a CloudEvents 1.0 event or batch in structured mode.",
        {
            "application/json": {"schema": {"type": "object"}},
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/cloudevents+json": {"schema": {"type": "object"}},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    ),
    answers={
        200: json_answer("Nothing was new.", schema("Ingesting")),
        201: json_answer("What was good is durable.", schema("Ingesting")),
    },
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 404, 405],
)

_GET_EVENT = operation(
    "getEvent",
    "One record",
    "The record with its index and leaf hash.",
    tag="Read",
    parameters=[LOG, _EVENT],
    answers={200: json_answer("The record.", schema("StoredRecord"))},
    problems=[*ROLE_PROBLEMS, 404],
)
_GET_PROOF = operation(
    "getProof",
    "Proof that a record is in the log",
    "A `c2sp.org/tlog-proof@v1` text: inclusion proof and signed checkpoint, verifiable offline.",
    tag="Read",
    parameters=[LOG, _EVENT],
    answers={200: text_answer("The proof.")},
    problems=[*ROLE_PROBLEMS, 404],
)
_SIZE = {"pattern": "^(0|[1-9][0-9]{0,18})$"}
_CONSISTENCY = operation(
    "getConsistency",
    "Proof that the log only grew",
    "An RFC 6962 consistency proof between two sizes.",
    tag="Read",
    parameters=[
        LOG,
        query_parameter("from", "The smaller size.", required=True, **_SIZE),
        query_parameter("to", "The larger size, at most the published one.", required=True, **_SIZE),
    ],
    answers={200: json_answer("The proof.", schema("Consistency"))},
    problems=[*ROLE_PROBLEMS, 404, 422],
)
_CHECKPOINT = operation(
    "getCheckpoint",
    "The signed checkpoint",
    "A C2SP checkpoint: a note signed by the log. Needs no key when the log is public.",
    tag="Tiles",
    parameters=[LOG],
    answers={200: text_answer("The note.")},
    problems=[*ROLE_PROBLEMS, 404],
)
_TILE = operation(
    "getTile",
    "A hash tile or entry bundle",
    "Hash tiles need no key when the log is public; entry bundles always do.",
    tag="Tiles",
    parameters=[LOG, path_parameter("path", "`<level>/<index>[.p/<width>]`, or `entries/<index>[.p/<width>]`.")],
    answers={200: text_answer("The bytes.", "application/octet-stream")},
    problems=[*ROLE_PROBLEMS, 404],
)
_LIST_LOGS = operation(
    "listLogs",
    "The logs",
    "Every log on which the key has any role.",
    tag="Logs",
    answers={200: json_answer("The logs.", schema("LogList"))},
    problems=[400, 401, 429],
)
_CREATE_LOG = operation(
    "createLog",
    "Create a log",
    "With keys of its own.",
    tag="Logs",
    request=json_body("The log.", "NewLog", example={"log": "team-a-orders"}),
    answers={201: json_answer("The log as created.", schema("LogDescription"), Location="Its path.")},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 409],
)
_DESCRIBE_LOG = operation(
    "describeLog",
    "One log",
    "Its origin, public keys, size and checkpoint.",
    tag="Logs",
    parameters=[LOG],
    answers={200: json_answer("The log.", schema("LogDescription"))},
    problems=[*ROLE_PROBLEMS, 404],
)
_HEALTH = json_answer("It does.", {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]})


def _operational(name: str, summary: str, description: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    more = {"public": True, **more}
    return {"get": operation(name, summary, description, tag="Operations", answers={200: answer}, **more)}


PATHS: dict[str, Any] = {
    "/v1/logs/{log}/events": {"post": _APPEND, "get": searching.SEARCH},
    "/v1/logs/{log}/ingest/{format}": {"post": _INGEST},
    **searching.PATHS,
    "/v1/logs/{log}/events/{event}": {"get": _GET_EVENT},
    "/v1/logs/{log}/events/{event}/proof": {"get": _GET_PROOF},
    "/v1/logs/{log}/consistency": {"get": _CONSISTENCY},
    "/logs/{log}/checkpoint": {"get": _CHECKPOINT},
    "/logs/{log}/tile/{path}": {"get": _TILE},
    "/v1/logs": {"get": _LIST_LOGS, "post": _CREATE_LOG},
    "/v1/logs/{log}": {"get": _DESCRIBE_LOG},
    **access.PATHS,
    "/healthz": _operational("getHealth", "Is it alive?", "The process answers requests.", _HEALTH),
    "/readyz": _operational("getReadiness", "Can it append?", "Every log takes appends.", _HEALTH, problems=[503]),
    "/metrics": _operational(
        "getMetrics",
        "Metrics",
        "Prometheus' text exposition. Needs a key with the role reader on `*`, unless configured otherwise.",
        text_answer("The metrics."),
        problems=[401, 403, 429],
        public=False,
    ),
    "/openapi.json": _operational(
        "getOpenApi", "This document", "OpenAPI 3.1.", json_answer("It.", {"type": "object"})
    ),
    "/docs": _operational(
        "getDocs", "The documentation page", "This document, to read.", text_answer("A page.", "text/html")
    ),
    "/": _operational(
        "getStart", "The first page", "What this is, and how to go on.", text_answer("A page.", "text/html")
    ),
}
