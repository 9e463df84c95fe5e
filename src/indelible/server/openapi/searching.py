"""The operations that ask a log, and those on saved searches."""

from __future__ import annotations

from typing import Any

from indelible.server.exporting import EXPORT_FORMATS
from indelible.server.openapi.parts import (
    BODY_PROBLEMS,
    LOG,
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

__all__ = ["PATHS", "SEARCH"]

_Q = query_parameter("q", "A query, such as `actor:ada action:invoice.* -outcome:success`. Empty: everything.")
_SINCE = query_parameter("since", "Only what occurred then or later: RFC 3339, a date, `24h`, `today`.")
_UNTIL = query_parameter("until", "Only what occurred before then, likewise.")


def _number(name: str, description: str, *, most: int, default: int) -> dict[str, Any]:
    return query_parameter(
        name, f"{description} 1 to {most:,}.", type="integer", minimum=1, maximum=most, default=default
    )


_SPAN = (_Q, _SINCE, _UNTIL)
_ASKING = (*ROLE_PROBLEMS, 404, 422, 503)

SEARCH = operation(
    "searchEvents",
    "Search",
    "The events that match, newest first. `next` continues the search: however the log grows meanwhile, no event is "
    "shown twice or missed. `coverage` says what was searched. With `proof=true`, which needs the role auditor, each "
    "published event bears its tlog-proof.",
    tag="Search",
    parameters=[
        LOG,
        *_SPAN,
        query_parameter("order", "`desc`: the newest first, by index.", enum=["asc", "desc"], default="desc"),
        _number("limit", "How many events at most.", most=1_000, default=50),
        query_parameter("cursor", "The `next` of an earlier answer.", pattern="^[ad](0|[1-9][0-9]{0,18})$"),
        query_parameter("proof", "Whether each event comes with its proof.", enum=["true", "false"], default="false"),
    ],
    answers={200: json_answer("One page of events.", schema("Page"))},
    problems=_ASKING,
)
_HISTOGRAM = operation(
    "getHistogram",
    "Events over time",
    "Buckets of equal width between the bounds (by default the first and last event that match), each counted by "
    "outcome.",
    tag="Search",
    parameters=[LOG, *_SPAN, _number("buckets", "How many buckets.", most=500, default=60)],
    answers={200: json_answer("The buckets, in order.", schema("Histogram"))},
    problems=_ASKING,
)
_FACETS = operation(
    "getFacets",
    "The most frequent values of a field",
    "Among the events that match.",
    tag="Search",
    parameters=[
        LOG,
        *_SPAN,
        query_parameter("field", "A field of the query language: `actor`, `action`, `metadata.region`.", required=True),
        _number("limit", "How many values at most.", most=1_000, default=10),
    ],
    answers={200: json_answer("The values, the most frequent first.", schema("Facets"))},
    problems=_ASKING,
)
_STREAM = operation(
    "streamEvents",
    "Live tail",
    "Server-Sent Events: each event's `id` is its index, its `data` the record. Begins now; beyond `Last-Event-ID` or "
    "`after` where one is given, so that a stream is resumed without loss or repetition. Comments are signs of life.",
    tag="Search",
    parameters=[
        LOG,
        _Q,
        query_parameter(
            "after", "Begin beyond this index; -1 is before the first.", pattern="^(-1|0|[1-9][0-9]{0,18})$"
        ),
    ],
    answers={200: text_answer("The stream, which does not end by itself.", "text/event-stream")},
    problems=_ASKING,
)
_EXPORT = operation(
    "exportEvents",
    "Export",
    "Everything that matches, streamed, in the order of the log.",
    tag="Search",
    parameters=[
        LOG,
        *_SPAN,
        query_parameter("format", "The format.", enum=[*EXPORT_FORMATS], default="ndjson"),
        query_parameter("order", "`asc`: the oldest first, by index.", enum=["asc", "desc"], default="asc"),
    ],
    answers={
        200: {
            "description": "The export; one that is cut short lacks the end of its transfer encoding.",
            "headers": {},
            "content": {
                media_type: {"schema": {"type": "array" if media_type.endswith("+json") else "string"}}
                for media_type, _ in EXPORT_FORMATS.values()
            },
        }
    },
    problems=_ASKING,
)
_NAME = path_parameter("search", "The search's name.", pattern="^[a-z0-9][a-z0-9._-]{0,62}$")
_EXAMPLE = {"name": "denied-iam", "log": "main", "query": "action:aws.iam.* outcome:denied since:24h"}

_LIST = operation(
    "listSearches",
    "The saved searches",
    "Those of the logs that the key may read.",
    tag="Saved searches",
    answers={200: json_answer("The searches.", schema("SearchList"))},
    problems=[400, 401, 429],
)
_CREATE = operation(
    "createSearch",
    "Save a search",
    "Times such as `since:24h` in it stay relative. Needs the right to read the log.",
    tag="Saved searches",
    request=json_body("The search.", "NewSearch", example=_EXAMPLE),
    answers={201: json_answer("The search as saved.", schema("Search"), Location="Its path.")},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 404, 409],
)
_GET = operation(
    "getSearch",
    "One saved search",
    "Its query, for asking it again.",
    tag="Saved searches",
    parameters=[_NAME],
    answers={200: json_answer("The search.", schema("Search"))},
    problems=[400, 401, 404, 429],
)
_REPLACE = operation(
    "replaceSearch",
    "Change a saved search",
    "Who saved it may, and who administers its log.",
    tag="Saved searches",
    parameters=[_NAME],
    request=json_body("What the name stands for now.", "ChangedSearch"),
    answers={200: json_answer("The search as it is now.", schema("Search"))},
    problems=[*ROLE_PROBLEMS, *BODY_PROBLEMS, 404],
)
_DELETE = operation(
    "deleteSearch",
    "Forget a saved search",
    "Who saved it may, and who administers its log.",
    tag="Saved searches",
    parameters=[_NAME],
    answers={204: empty_answer("Forgotten.")},
    problems=[*ROLE_PROBLEMS, 404, 503],
)

PATHS: dict[str, Any] = {
    "/v1/logs/{log}/histogram": {"get": _HISTOGRAM},
    "/v1/logs/{log}/facets": {"get": _FACETS},
    "/v1/logs/{log}/stream": {"get": _STREAM},
    "/v1/logs/{log}/export": {"get": _EXPORT},
    "/v1/searches": {"get": _LIST, "post": _CREATE},
    "/v1/searches/{search}": {"get": _GET, "put": _REPLACE, "delete": _DELETE},
}
"""All but ``SEARCH``, which shares its path with appending."""
