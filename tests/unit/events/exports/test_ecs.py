"""ECS: only fields that the schema has, with values that it allows; everything else under ``indelible``."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from indelible.events.exports import FORMATS
from indelible.merkle import leaf_hash
from tests.unit.events.exports.conftest import FULL, entry_of, record_of, scalars

if TYPE_CHECKING:
    from collections.abc import Iterator

# Source: https://www.elastic.co/docs/reference/ecs, fields of version 8.17. Those with [] hold lists.
_FIELDS = """
@timestamp message tags[] ecs.version log.level
event.action event.category[] event.created event.dataset event.hash event.id event.kind event.module
event.original event.outcome event.provider event.reason event.sequence event.type[]
user.id user.name user.email user.roles[] user.effective.id user.effective.name user.target.id user.target.name
group.id group.name source.ip source.address source.geo.name user_agent.original
http.request.id http.request.method http.response.status_code url.path
service.name service.version service.environment trace.id span.id organization.id related.ip[] related.user[]
cloud.provider cloud.region cloud.account.id cloud.service.name
orchestrator.type orchestrator.namespace orchestrator.resource.name orchestrator.resource.type
"""
FIELDS = set(_FIELDS.split())
INTEGERS = {"event.sequence", "http.response.status_code"}
# The types that are expected within each category ("ECS Categorization Field: event.category").
TYPES = {
    "api": {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"},
    "authentication": {"start", "end", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
}


def document_of(entry: bytes, index: int = 7, *, published: bool | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMATS["ecs"].encode(index, entry, published))
    return document


def fields_of(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a document by their dotted names, without our own and without labels."""
    for name, inner in value.items():
        if prefix + name in {"indelible", "labels"}:
            continue
        if isinstance(inner, dict):
            yield from fields_of(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}{'[]' if isinstance(inner, list) else ''}", inner


def problems(document: dict[str, Any]) -> list[str]:
    """What the schema does not allow."""
    fields = dict(fields_of(document))
    found = [f"{name} is no field" for name in fields if name not in FIELDS]
    for name, value in fields.items():
        kind = int if name in INTEGERS else str
        found += [
            f"{name} is {one!r}" for one in (value if isinstance(value, list) else [value]) if type(one) is not kind
        ]
    event = document["event"]
    (category,) = event["category"]
    if event["kind"] != "event" or not set(event["type"]) <= TYPES[category] or not event["type"]:
        found.append(f"{event['kind']} {category} {event['type']}")
    if event["outcome"] not in {"success", "failure", "unknown"}:
        found.append(event["outcome"])
    found += [f"label {name}" for name, value in document.get("labels", {}).items() if not isinstance(value, str)]
    return found + [f"label {name}" for name in document.get("labels", {}) if "." in name]


@pytest.fixture(scope="module")
def documents(samples: tuple[bytes, ...]) -> list[dict[str, Any]]:
    return [document_of(entry, index) for index, entry in enumerate(samples)]


def test_every_sample_is_a_valid_document(documents: list[dict[str, Any]]) -> None:
    """No field that the schema does not know, no value that it does not allow."""
    assert len(documents) == 2_611
    assert {problem for document in documents for problem in problems(document)} == set()


@pytest.mark.parametrize("field", [None, *FULL])
def test_every_field_alone_and_all_together_are_valid(field: str | None) -> None:
    """Whatever a producer sets or leaves out, the document is valid."""
    least = {name: FULL[name] for name in ("action", "actor")}
    event = FULL if field is None else {**least, field: FULL[field]}
    assert problems(document_of(entry_of(event))) == []


def test_nothing_of_a_record_is_lost(samples: tuple[bytes, ...], full: bytes) -> None:
    """Every value of a record stands somewhere; the original is there as a text."""
    for entry in (full, *samples):
        document = document_of(entry)
        record = record_of(entry)
        assert json.loads(document["event"]["original"]) == record.pop("raw")
        record.pop("operation", None)  # it is what event.type says
        # Scalars of metadata have become texts.
        kept = Counter(map(json.dumps, scalars(document))) + Counter(document.get("labels", {}).values())
        assert {value for value in map(json.dumps, scalars(record)) if not kept[value]} == set()


def test_documents_bear_what_a_proof_needs(samples: tuple[bytes, ...], documents: list[dict[str, Any]]) -> None:
    """Log, index, leaf hash, and the hash of the original, which is the one that the import pinned."""
    for index, (entry, document) in enumerate(zip(samples, documents, strict=True)):
        record = record_of(entry)
        assert document["@timestamp"] == record["occurred_at"]
        assert document["event"]["id"] == record["id"]
        assert document["event"]["sequence"] == index
        assert document["indelible"]["log"] == "example.com/log"
        assert document["indelible"]["leaf_hash"] == leaf_hash(entry).hex()
        assert document["event"]["hash"] == record["upstream"]["sha256"]
        assert hashlib.sha256(document["event"]["original"].encode()).hexdigest() == document["event"]["hash"]


def test_samples_are_in_the_categories_that_fit(documents: list[dict[str, Any]]) -> None:
    """As many of each as the samples hold."""
    categories = Counter((document["event"]["category"][0], *document["event"]["type"]) for document in documents)
    assert categories["authentication", "start"] == 44
    assert categories["iam", "deletion", "user"] == 3
    assert categories["iam", "creation", "user"] == 2
    # Of 59 denials, 12 are of a sign-in, where the schema has no such type and the outcome says it.
    assert sum(count for key, count in categories.items() if "denied" in key) == 47
    assert {key[0] for key in categories} == {"api", "authentication", "iam"}


def test_full_record_is_mapped_field_by_field(full: bytes) -> None:
    """Where each field goes."""
    document = document_of(full)
    fields = dict(fields_of(document))
    record = record_of(full)
    assert {name: fields[name] for name in fields if not name.startswith(("event.", "ecs."))} == {
        "@timestamp": "2026-02-03T04:05:06.123456Z",
        "message": "Ada may not approve invoice 9",
        "tags[]": ["money", "limits"],
        "log.level": "warning",
        "user.id": "u-1",
        "user.name": "Ada",
        "user.email": "ada@example.com",
        "user.roles[]": ["clerk", "approver"],
        "user.effective.id": "u-2",
        "user.effective.name": "Grace",
        "source.ip": "2001:db8::1",
        "source.address": "2001:db8::1",
        "source.geo.name": "Vienna",
        "user_agent.original": "browser/1",
        "http.request.id": "request-7",
        "http.request.method": "POST",
        "http.response.status_code": 403,
        "url.path": "/invoices/9/approve",
        "service.name": "billing",
        "service.version": "4.2",
        "service.environment": "production",
        "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span.id": "00f067aa0ba902b7",
        "organization.id": "acme",
        "related.user[]": ["u-1", "Ada", "u-2", "Grace"],
        "related.ip[]": ["2001:db8::1"],
    }
    assert document["labels"] == {"amount": "1000", "urgent": "true", "nested_name": "dotted"}
    assert document["indelible"]["metadata"] == {"lines": [1, 2], "empty": {}}
    assert document["event"]["outcome"] == "failure"
    assert document["event"]["type"] == ["info", "denied"]
    assert document["indelible"]["outcome"] == "denied"
    assert document["indelible"]["targets"] == record["targets"]


def test_labels_of_one_name_are_kept_apart() -> None:
    """Two names that become one label: the first is it, the other stays in ``metadata``."""
    event = {**FULL, "metadata": {"a.b": 1, "a_b": 2}}
    document = document_of(entry_of(event))
    assert document["labels"] == {"a_b": "1"}
    assert document["indelible"]["metadata"] == {"a_b": 2}


def test_managed_user_is_the_target() -> None:
    """Who made whom."""
    event = {
        "action": "user.create",
        "operation": "create",
        "actor": {"type": "user", "id": "ada"},
        "targets": [{"type": "user", "id": "9", "name": "Bob"}],
    }
    document = document_of(entry_of(event))
    assert document["event"]["category"] == ["iam"]
    assert document["event"]["type"] == ["creation", "user"]
    assert document["user"]["target"] == {"id": "9", "name": "Bob"}
    assert document["related"]["user"] == ["ada", "9", "Bob"]


def test_values_that_are_no_text_are_left_to_our_own_fields() -> None:
    """A placeholder in place of a text or a list has no place in a field of texts."""
    placeholder = {"$sealed": {"k": "1", "n": "2", "c": "3", "t": "4"}}
    record = record_of(entry_of(FULL))
    record["actor"]["email"] = record["actor"]["roles"] = record["context"]["ip"] = placeholder
    document = document_of(json.dumps(record).encode())
    assert problems(document) == []
    assert document["indelible"]["actor"]["email"] == document["indelible"]["actor"]["roles"] == placeholder
    assert document["indelible"]["context"]["ip"] == placeholder


@pytest.mark.parametrize("published", [True, False])
def test_published_is_told_when_it_is_known(full: bytes, published: bool) -> None:
    """An entry that no checkpoint covers yet says so."""
    assert document_of(full, published=published)["indelible"]["published"] is published
    assert "published" not in document_of(full)["indelible"]
