"""OCSF 1.6.0, the Open Cybersecurity Schema Framework: three of its event classes, a JSON object a line.

=======================  ==============================================================================
class                    for
=======================  ==============================================================================
3002 Authentication      ``operation`` ``login`` and ``logout``
3004 Entity Management   an account, group, policy, role or key made, read, changed or deleted
                         (:func:`~indelible.events.exports.activity.managed_entity`)
6003 API Activity        everything else
=======================  ==============================================================================

Imported CloudTrail records bear the ``cloud`` profile. The original of an imported event is ``raw_data``, with its
hash; what the schema has no attribute for is ``unmapped``, under the record's own names, and with it what a proof
needs: ``unmapped.log``, ``metadata.sequence`` (the index) and ``unmapped.leaf_hash``. Attributes that newer versions
have are not used, nor are those that this version deprecates.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from indelible.events.exports.activity import called, managed_entity, source_format
from indelible.events.exports.format import ExportFormat
from indelible.events.exports.json_lines import json_lines
from indelible.events.exports.ocsf_objects import (
    actor_object,
    cloud_object,
    endpoint_object,
    entity_object,
    http_objects,
    resource_object,
)
from indelible.events.exports.remainder import Remainder
from indelible.events.foreign import cloudtrail
from indelible.events.foreign.dig import dig_list, dig_object, dig_text, present
from indelible.events.timestamps import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.events.exports.activity import Call, ManagedEntity
    from indelible.events.json_values import Json

__all__ = ["OCSF", "VERSION", "ocsf_event"]

VERSION: Final = "1.6.0"

_CATEGORIES: Final = {3: "Identity & Access Management", 6: "Application Activity"}
_CLASSES: Final = {3002: "Authentication", 3004: "Entity Management", 6003: "API Activity"}
_CRUD: Final = {"create": (1, "Create"), "read": (2, "Read"), "update": (3, "Update"), "delete": (4, "Delete")}
_ACTIVITIES: Final[Mapping[int, Mapping[str, tuple[int, str]]]] = {
    3002: {"login": (1, "Logon"), "logout": (2, "Logoff")},
    3004: _CRUD,
    6003: _CRUD,
}
# A denial is a failure here; `status_code` keeps the word.
_STATUSES: Final = {"success": (1, "Success"), "failure": (2, "Failure"), "denied": (2, "Failure")}
_SEVERITIES: Final = {
    "debug": (1, "Informational"),
    "info": (1, "Informational"),
    "notice": (2, "Low"),
    "warning": (3, "Medium"),
    "error": (4, "High"),
    "critical": (5, "Critical"),
}


def ocsf_event(
    record: dict[str, Json], *, index: int, leaf: str, published: bool | None, original: str | None
) -> dict[str, Json]:
    """A record as an OCSF event; see :class:`~indelible.events.exports.json_lines.ConvertRecord`."""
    rest = Remainder(record)
    call = called(record)
    managed = managed_entity(record, call)
    event = {
        **_classification(record, rest, managed),
        **_occurrence(record, rest),
        **_outcome(rest),
        "metadata": _metadata(record, rest, index),
        "actor": actor_object(record, rest),
        **present(cloud=cloud_object(record), src_endpoint=endpoint_object(rest), message=rest.take_text("message")),
        **http_objects(record, rest),
    }
    match event["class_uid"]:
        case 3002:
            event |= _authentication(record, event, call)
        case 3004 if managed is not None:
            event |= _entity_management(record, rest, managed)
        case _:
            event |= _api_activity(record, rest, event, call)
    if original is not None:
        event |= _raw_data(original)
        rest.take("raw")
    event["observables"] = _observables(event)
    event["unmapped"] = {"leaf_hash": leaf, **present(published=published), **rest.left()}
    return event


def _classification(record: dict[str, Json], rest: Remainder, managed: ManagedEntity | None) -> dict[str, Json]:
    operation = dig_text(record, "operation")
    class_uid = 3002 if operation in _ACTIVITIES[3002] else 3004 if managed is not None else 6003
    other = (0, "Unknown") if operation is None else (99, operation)
    activity_id, activity = _ACTIVITIES[class_uid].get(operation or "", other)
    rest.take_text("operation")
    return {
        "category_uid": class_uid // 1000,
        "category_name": _CATEGORIES[class_uid // 1000],
        "class_uid": class_uid,
        "class_name": _CLASSES[class_uid],
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": class_uid * 100 + activity_id,
        "type_name": f"{_CLASSES[class_uid]}: {activity if activity_id != 99 else 'Other'}",
    }


def _occurrence(record: dict[str, Json], rest: Remainder) -> dict[str, Json]:
    occurred = rest.take_text("occurred_at") or dig_text(record, "received_at")
    severity_id, severity = _SEVERITIES.get(rest.take_text("severity") or "info", (0, "Unknown"))
    return {
        "time": to_milliseconds(occurred) if occurred is not None else 0,
        "severity_id": severity_id,
        "severity": severity,
    }


def _outcome(rest: Remainder) -> dict[str, Json]:
    outcome = rest.take_text("outcome")
    status_id, status = _STATUSES.get(outcome or "", (0, "Unknown"))
    return {
        "status_id": status_id,
        "status": status,
        **present(status_code=outcome, status_detail=rest.take_text("reason")),
    }


def _metadata(record: dict[str, Json], rest: Remainder, index: int) -> dict[str, Json]:
    received = dig_text(record, "received_at")
    return present(
        version=VERSION,
        product={"name": "Indelible", "vendor_name": "Indelible"},
        profiles=["cloud"] if source_format(record) == cloudtrail.FORMAT else None,
        uid=rest.take_text("id"),
        event_code=rest.take_text("action"),
        sequence=index,
        log_name=dig_text(record, "log"),
        log_provider=source_format(record),
        logged_time=to_milliseconds(received) if received is not None else None,
        original_time=dig_text(record, "occurred_at"),
        tenant_uid=rest.take_text("tenant"),
        correlation_uid=rest.take_text("context", "trace_id"),
        labels=rest.take_texts("tags"),
    )


def _authentication(record: dict[str, Json], event: dict[str, Json], call: Call) -> dict[str, Json]:
    # The schema asks for a service or an endpoint; the log that took the event is the last that is known.
    service = call.service or dig_text(record, "log") or "unknown"
    session = dig_object(event, "actor", "session")
    return {
        "user": dig_object(event, "actor", "user"),
        "service": {"name": service},
        **present(is_mfa=session.get("is_mfa"), session=session),
    }


def _entity_management(record: dict[str, Json], rest: Remainder, managed: ManagedEntity) -> dict[str, Json]:
    rest.take("targets")
    others = [target for place, target in enumerate(dig_list(record, "targets")) if place != managed.place]
    rest.put_back("targets", others)  # the class has one entity and no resources
    return {"entity": entity_object(managed)}


def _api_activity(record: dict[str, Json], rest: Remainder, event: dict[str, Json], call: Call) -> dict[str, Json]:
    targets = dig_list(record, "targets")
    resources: list[Json] = [resource_object(target) for target in targets if isinstance(target, dict)]
    if resources:
        rest.take("targets")
    request = rest.take_text("context", "request_id")
    return {
        "api": {
            "operation": call.operation,
            **present(
                service=_named(call.service),
                group=_named(call.group),
                request={"uid": request} if request is not None else None,
            ),
        },
        # Required, and not every event says from where.
        "src_endpoint": event.get("src_endpoint") or {"name": "unknown"},
        **present(resources=resources),
    }


def _named(name: str | None) -> dict[str, Json]:
    return {} if name is None else {"name": name}


def _raw_data(original: str) -> dict[str, Json]:
    data = original.encode()
    digest = hashlib.sha256(data).hexdigest()
    return {
        "raw_data": original,
        "raw_data_hash": {"algorithm": "SHA-256", "algorithm_id": 3, "value": digest},
        "raw_data_size": len(data),
    }


def _observables(event: dict[str, Json]) -> list[Json]:
    """What analysts pivot on: where it stands in the event, and its value."""
    found = (
        ("actor.user.name", "User Name", 4, dig_text(event, "actor", "user", "name")),
        ("src_endpoint.ip", "IP Address", 2, dig_text(event, "src_endpoint", "ip")),
        ("http_request.user_agent", "HTTP User-Agent", 16, dig_text(event, "http_request", "user_agent")),
    )
    return [
        {"name": name, "type": kind, "type_id": kind_id, "value": value}
        for name, kind, kind_id, value in found
        if value is not None
    ]


OCSF: Final = ExportFormat(
    name="ocsf", media_type="application/x-ndjson", suffix=".ocsf.ndjson", encode=json_lines(ocsf_event)
)
"""Events of OCSF 1.6.0, one a line."""
