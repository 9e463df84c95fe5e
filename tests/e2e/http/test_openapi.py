"""The server against its own OpenAPI document, and the document against the routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from indelible.server.openapi import build_document
from tests.e2e.http.test_append import EVENT

if TYPE_CHECKING:
    from tests.e2e.http.serving import Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


EXAMPLES = 20

# Sensible requests of every operation, and wrong ones of those that can be wrong. A stream would not end.
CASES = [
    pytest.param(mode, method, path, id=f"{mode.value}-{operation['operationId']}")
    for path, methods in build_document()["paths"].items()
    for method, operation in methods.items()
    if operation["operationId"] != "streamEvents"
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or {"parameters", "requestBody"} & operation.keys()
]


@pytest.fixture(scope="module")
def schema(served: Served) -> Any:
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


@pytest.fixture(scope="module")
def there(served: Served) -> dict[str, str]:
    """Path parameters of things that exist, so that requests get further than a 404."""
    log = served.new_log()
    with served.client("writer") as writer:
        writer.post(f"/v1/logs/{log}/events?wait=published", json=EVENT)
    return {"log": log, "event": "0", "path": "0/000.p/1", "search": "none"}


@pytest.mark.parametrize(("mode", "method", "path"), CASES)
def test_server_keeps_its_openapi_document(
    schema: Any, served: Served, there: dict[str, str], mode: GenerationMode, method: str, path: str
) -> None:
    """Whatever is sent, sensible or not: a status that the document has, its media type, its schema; never a 500."""
    fixed = {name: value for name, value in there.items() if f"{{{name}}}" in path}

    @given(case=schema[path][method].as_strategy(generation_mode=mode, path_parameters=fixed or None))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    def send(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {served.secrets['admin']}"}, checks=CHECKS)

    send()


def test_document_has_exactly_the_routes(served: Served) -> None:
    """No route is undocumented, and nothing is documented that is not there."""
    routes = {
        (re.sub(r"\{[^}]*\}", "{}", route.path), method)
        for route in served.app.litestar.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS" and not route.path.startswith("/assets/")
    }
    documented = {
        (re.sub(r"\{[^}]*\}", "{}", path), method.upper())
        for path, methods in build_document()["paths"].items()
        for method in methods
    }
    assert documented == routes


def test_document_has_no_dangling_reference() -> None:
    """Every reference leads somewhere, and every shape is used."""
    document = build_document()
    text = str(document)
    for kind, name in re.findall(r"#/components/(\w+)/(\w+)", text):
        assert name in document["components"][kind]
    for name in document["components"]["schemas"]:
        assert f"#/components/schemas/{name}'" in text, name
