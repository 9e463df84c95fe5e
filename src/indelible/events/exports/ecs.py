"""ECS 8.17, the Elastic Common Schema: a JSON document a line, ready for a bulk request's documents.

Fields of the schema stand where it has them, nested. What it has no field for stands under ``indelible``, a field set
of our own, by the record's own names, and with it what a proof needs: ``indelible.log``, ``event.sequence`` (the index)
and ``indelible.leaf_hash``. Members of ``metadata`` that are no arrays or objects become ``labels``, as text.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from indelible.events.exports.activity import EntityKind, called, managed_entity, source_format
from indelible.events.exports.format import ExportFormat
from indelible.events.exports.json_lines import json_lines
from indelible.events.exports.remainder import Remainder
from indelible.events.foreign import cloudtrail, kubernetes
from indelible.events.foreign.dig import dig_list, dig_object, dig_text, present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.events.exports.activity import Call, ManagedEntity
    from indelible.events.json_values import Json

__all__ = ["ECS", "VERSION", "ecs_document"]

VERSION: Final = "8.17.0"

# event.type for each operation, within each event.category: those that the schema expects there.
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "authentication": {"login": "start", "logout": "end"},
    "iam": {"create": "creation", "read": "info", "update": "change", "delete": "deletion"},
    "api": {"create": "creation", "read": "access", "update": "change", "delete": "deletion"},
}


def ecs_document(
    record: dict[str, Json], *, index: int, leaf: str, published: bool | None, original: str | None
) -> dict[str, Json]:
    """A record as an ECS document; see :class:`~indelible.events.exports.json_lines.ConvertRecord`."""
    rest = Remainder(record)
    call = called(record)
    managed = managed_entity(record, call)
    related = present(user=_related_users(record, managed), ip=_one(dig_text(record, "context", "ip")))
    event = _event(record, rest, managed) | present(sequence=index) | _original(original)
    if original is not None:
        rest.take("raw")
    return {
        "@timestamp": rest.take_text("occurred_at"),
        "ecs": {"version": VERSION},
        "event": event,
        **present(
            message=rest.take_text("message"),
            tags=rest.take_texts("tags"),
            labels=_labels(record, rest),
            log=present(level=rest.take_text("severity")),
            user=_user(rest, managed),
            group=_entity(managed, EntityKind.GROUP),
            source=_source(record, rest),
            user_agent=present(original=rest.take_text("context", "user_agent")),
            http=_http(rest),
            url=present(path=rest.take_text("context", "http", "path")),
            service=_service(rest),
            trace=present(id=rest.take_text("context", "trace_id")),
            span=present(id=rest.take_text("context", "span_id")),
            organization=present(id=rest.take_text("tenant")),
            related=related,
            cloud=_cloud(record, call),
            orchestrator=_orchestrator(record),
        ),
        "indelible": {"leaf_hash": leaf, **present(published=published), **rest.left()},
    }


def _event(record: dict[str, Json], rest: Remainder, managed: ManagedEntity | None) -> dict[str, Json]:
    operation = rest.take_text("operation") or ""
    category = "authentication" if operation in _TYPES["authentication"] else "iam" if managed else "api"
    types: list[Json] = [_TYPES[category].get(operation, "info")]
    if category == "iam" and managed is not None and managed.kind in {EntityKind.USER, EntityKind.GROUP}:
        types.append(managed.kind.value.lower())
    outcome = dig_text(record, "outcome")
    if outcome == "denied" and category == "api":
        types.append("denied")
    if outcome in {"success", "failure", "unknown"}:
        rest.take("outcome")  # a denial is a failure to ECS; the word stays in the remainder
    return present(
        kind="event",
        module="indelible",
        dataset="indelible.audit",
        category=[category],
        type=types,
        outcome="failure" if outcome == "denied" else outcome,
        action=rest.take_text("action"),
        id=rest.take_text("id"),
        provider=source_format(record),
        created=rest.take_text("received_at"),
        reason=rest.take_text("reason"),
    )


def _original(original: str | None) -> dict[str, Json]:
    return {} if original is None else {"original": original, "hash": hashlib.sha256(original.encode()).hexdigest()}


def _labels(record: dict[str, Json], rest: Remainder) -> dict[str, Json]:
    """Scalars of ``metadata``, as text, under names that make no objects; a name that is then twice there stays."""
    labels: dict[str, Json] = {}
    for name, value in dig_object(record, "metadata").items():
        label = name.replace(".", "_")
        if label and label not in labels and isinstance(value, (str, int, float)):
            labels[label] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            rest.take("metadata", name)
    return labels


def _user(rest: Remainder, managed: ManagedEntity | None) -> dict[str, Json]:
    identity = rest.take_text("actor", "id")
    effective = present(
        id=rest.take_text("actor", "on_behalf_of", "id"), name=rest.take_text("actor", "on_behalf_of", "name")
    )
    return present(
        id=identity,
        name=rest.take_text("actor", "name") or identity,
        email=rest.take_text("actor", "email"),
        roles=rest.take_texts("actor", "roles"),
        effective=effective,
        target=_entity(managed, EntityKind.USER),
    )


def _entity(managed: ManagedEntity | None, kind: EntityKind) -> dict[str, Json]:
    if managed is None or managed.kind is not kind:
        return {}
    return present(id=managed.target.get("id"), name=managed.target.get("name"))


def _related_users(record: dict[str, Json], managed: ManagedEntity | None) -> list[Json]:
    people = [dig_object(record, "actor"), dig_object(record, "actor", "on_behalf_of")]
    if managed is not None and managed.kind is EntityKind.USER:
        people.append(managed.target)
    names = [dig_text(person, member) for person in people for member in ("id", "name")]
    return list(dict.fromkeys(name for name in names if name is not None))


def _one(value: str | None) -> list[Json]:
    return [] if value is None else [value]


def _source(record: dict[str, Json], rest: Remainder) -> dict[str, Json]:
    ip = rest.take_text("context", "ip")
    # An address that is none of IP's is a name: CloudTrail has the AWS service there that made the call.
    peer = dig_text(record, "context", "service") if source_format(record) == cloudtrail.FORMAT else None
    return present(ip=ip, address=ip or peer, geo=present(name=rest.take_text("context", "location")))


def _http(rest: Remainder) -> dict[str, Json]:
    request = present(id=rest.take_text("context", "request_id"), method=rest.take_text("context", "http", "method"))
    return present(request=request, response=present(status_code=rest.take("context", "http", "status")))


def _service(rest: Remainder) -> dict[str, Json]:
    return present(
        name=rest.take_text("context", "service"),
        version=rest.take_text("context", "service_version"),
        environment=rest.take_text("context", "environment"),
    )


def _cloud(record: dict[str, Json], call: Call) -> dict[str, Json]:
    if source_format(record) != cloudtrail.FORMAT:
        return {}
    return present(
        provider="aws",
        region=dig_text(record, "raw", "awsRegion"),
        account=present(id=dig_text(record, "raw", "recipientAccountId")),
        service=present(name=call.service),
    )


def _orchestrator(record: dict[str, Json]) -> dict[str, Json]:
    if source_format(record) != kubernetes.FORMAT:
        return {}
    target = next(iter(dig_list(record, "targets")), None)
    resource = present(type=dig_text(target, "type"), name=dig_text(target, "name"))
    return present(type="kubernetes", namespace=dig_text(target, "attributes", "namespace"), resource=resource)


ECS: Final = ExportFormat(
    name="ecs", media_type="application/x-ndjson", suffix=".ecs.ndjson", encode=json_lines(ecs_document)
)
"""Documents of ECS 8.17, one a line."""
