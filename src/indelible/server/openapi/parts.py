"""The few shapes of which the OpenAPI document is made."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from indelible.server.problem import PROBLEM_JSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "BODY_PROBLEMS",
    "LOG",
    "ROLE_PROBLEMS",
    "body",
    "empty_answer",
    "json_answer",
    "json_body",
    "operation",
    "path_parameter",
    "query_parameter",
    "schema",
    "text_answer",
]

_PROBLEMS = {
    400: "Not JSON, bad UTF-8, duplicate keys, or a bad query.",
    401: "No or wrong credentials.",
    403: "The role does not allow this.",
    404: "No such log, event, key or tile; with `Retry-After`: it exists and will be published in a moment.",
    405: "Not possible here. Records can neither be changed nor deleted.",
    408: "The body did not arrive in time.",
    409: "What is there does not allow it: the name is taken, the id was used for another event (`first_index` says "
    "where), the key was rotated before.",
    413: "Too large; says which limit, and what to do instead.",
    415: "Neither a media type nor an encoding that is taken here.",
    422: "Valid JSON but not valid, where `errors` names every place; or a search that takes more than it may.",
    429: "Too much at once; try again after `Retry-After` seconds.",
    500: "Stored data is damaged, or a bug.",
    503: "Not possible right now: read-only, no space, shutting down. Try again after `Retry-After` seconds.",
}
_RETRY = {429, 503}

ROLE_PROBLEMS = (400, 401, 403, 429)
"""What follows from checking who asks, and whether a role allows it."""
BODY_PROBLEMS = (408, 413, 415, 422, 503)
"""What follows from taking a request body, besides."""


def schema(name: str) -> dict[str, Any]:
    """A reference to a schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def path_parameter(name: str, description: str, **form: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON schema keywords
    """A parameter in the path; ``form`` are keywords of its schema."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **form},
    }


LOG = path_parameter("log", "The log's name.", pattern="^[a-z0-9_][a-z0-9._-]{0,62}$")


def query_parameter(
    name: str,
    description: str,
    *,
    required: bool = False,
    **form: Any,  # noqa: ANN401 - JSON schema keywords
) -> dict[str, Any]:
    """A parameter in the query; ``form`` are keywords of its schema."""
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": "string", **form},
    }


def body(description: str, content: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A required request body: for each media type a schema, and perhaps an example."""
    return {
        "required": True,
        "description": description,
        "content": {name: dict(each) for name, each in content.items()},
    }


def json_body(description: str, name: str, *, example: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A required request body in JSON: an object of the schema with this name."""
    shown = {} if example is None else {"example": dict(example)}
    return body(description, {"application/json": {"schema": schema(name), **shown}})


def json_answer(description: str, form: Mapping[str, Any], **headers: str) -> dict[str, Any]:
    """An answer in JSON, with the headers that matter."""
    return _answer(description, {"application/json": {"schema": dict(form)}}, headers)


def text_answer(description: str, media_type: str = "text/plain", **headers: str) -> dict[str, Any]:
    """An answer in some other media type, as text or bytes."""
    return _answer(description, {media_type: {"schema": {"type": "string"}}}, headers)


def empty_answer(description: str) -> dict[str, Any]:
    """An answer without content."""
    return {"description": description, "headers": {}}


def operation(
    name: str,
    summary: str,
    description: str,
    *,
    tag: str,
    answers: Mapping[int, Mapping[str, Any]],
    problems: Sequence[int] = (),
    parameters: Sequence[Mapping[str, Any]] = (),
    request: Mapping[str, Any] | None = None,
    public: bool = False,
) -> dict[str, Any]:
    """One operation. ``problems`` are the statuses that it answers with problem documents; 500 is added to them."""
    result: dict[str, Any] = {"operationId": name, "tags": [tag], "summary": summary, "description": description}
    if parameters:
        result["parameters"] = [dict(each) for each in parameters]
    if request is not None:
        result["requestBody"] = dict(request)
    result["responses"] = {str(status): dict(answer) for status, answer in answers.items()}
    for status in sorted({*problems, 500}):
        result["responses"][str(status)] = {"$ref": f"#/components/responses/{_problem_name(status)}"}
    if public:
        result["security"] = [{}]
    return result


def problem_answers() -> dict[str, Any]:
    """The problem answers by name, for the document's components."""
    return {_problem_name(status): _problem_answer(status) for status in _PROBLEMS}


def _problem_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "").replace("-", "")


def _problem_answer(status: int) -> dict[str, Any]:
    headers = {"Retry-After": "Seconds after which to try again."} if status in _RETRY else {}
    content = {PROBLEM_JSON.decode(): {"schema": schema("Problem")}}
    return _answer(_PROBLEMS[status], content, headers)


def _answer(description: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    shown = {"X-Request-Id": "Names this request in the server's own log.", **headers}
    return {
        "description": description,
        "headers": {
            name.replace("_", "-"): {"description": text, "required": True, "schema": {"type": "string"}}
            for name, text in shown.items()
        },
        "content": dict(content),
    }
