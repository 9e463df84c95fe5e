"""The documentation page: the OpenAPI document as a person reads it, in plain HTML."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["render_docs"]

_CODE = re.compile(r"`([^`]+)`")


def render_docs(document: Mapping[str, Any]) -> str:
    """The content of the page, HTML."""
    parts = ["<h1>HTTP API</h1>", f'<p class="lead">{_text(document["info"]["description"])}</p>']
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{_text(tag['description'])}</p>")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    parts.append(_operation(method, path, operation, document))
    parts.append("<h2>Shapes</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(_schema(name, schema))
    return "\n".join(parts)


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    key = "" if "security" not in operation else " No key is needed."
    parts = [
        f'<section class="operation" id="{escape(operation["operationId"])}">',
        f'<p class="route"><span class="method">{escape(method.upper())}</span>{escape(path)}</p>',
        f"<h3>{_text(operation['summary'])}</h3><p>{_text(operation['description'])}{key}</p>",
    ]
    if "parameters" in operation:
        rows = [
            (f"<code>{escape(each['name'])}</code>", escape(each["in"]), _parameter(each))
            for each in operation["parameters"]
        ]
        parts.append(_table(("Parameter", "In", "Meaning"), rows))
    if "requestBody" in operation:
        body = operation["requestBody"]
        kinds = [(f"<code>{escape(name)}</code>", _kind(each["schema"])) for name, each in body["content"].items()]
        parts.append(f"<p>{_text(body['description'])}</p>{_table(('Body', 'Shape'), kinds)}")
        examples = [json.dumps(each["example"], indent=2) for each in body["content"].values() if "example" in each]
        parts += [f'<pre tabindex="0"><code>{escape(example)}</code></pre>' for example in examples]
    answers = [
        (f"<code>{status}</code>", *_answer(answer, document)) for status, answer in operation["responses"].items()
    ]
    parts.append(
        f"<details><summary>Answers</summary>{_table(('Status', 'Meaning', 'Shape'), answers)}</details></section>"
    )
    return "\n".join(parts)


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    choices = (
        f" One of {', '.join(f'<code>{escape(each)}</code>' for each in schema['enum'])}." if "enum" in schema else ""
    )
    default = f" Default <code>{escape(str(schema['default']))}</code>." if "default" in schema else ""
    return f"{_text(parameter['description'])}{choices}{default}"


def _answer(answer: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, str]:
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    kinds = [f"<code>{escape(name)}</code> {_kind(each['schema'])}" for name, each in answer.get("content", {}).items()]
    return _text(answer["description"]), "<br>".join(kinds)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"<code>{escape(field)}</code>",
            _kind(form),
            "required" if field in required else "",
            _text(form.get("description", "")),
        )
        for field, form in schema.get("properties", {}).items()
    ]
    description = _text(" ".join(schema.get("description", "").split()))
    table = _table(("Field", "Shape", "", ""), rows) if rows else f"<p>{_kind(schema)}</p>"
    head = f'<section class="operation" id="shape-{escape(name)}"><h3>{escape(name)}</h3>'
    return f"{head}<p>{description}</p>{table}</section>"


def _kind(schema: Mapping[str, Any]) -> str:
    """A short word for a schema, with a link where it has a section of its own."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f'<a href="#shape-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any JSON")))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    others = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="tablebox"><table><thead><tr>{first}</tr></thead><tbody>{others}</tbody></table></div>'


def _text(text: str) -> str:
    """Text as HTML, with back-quoted pieces as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text).replace("``", "`"))
