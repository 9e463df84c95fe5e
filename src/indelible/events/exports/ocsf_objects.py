"""The objects of OCSF 1.6.0 that events are made of: who, from where, on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indelible.events.exports.activity import EntityKind, source_format
from indelible.events.foreign import cloudtrail
from indelible.events.foreign.dig import dig_text, present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.events.exports.activity import ManagedEntity
    from indelible.events.exports.remainder import Remainder
    from indelible.events.json_values import Json

__all__ = ["actor_object", "cloud_object", "endpoint_object", "entity_object", "http_objects", "resource_object"]

_USER_TYPES: Final = {
    1: "user iamuser federateduser identitycenteruser samluser webidentityuser",
    2: "admin root",
    3: "node system",
    4: "awsservice bot service serviceaccount service_account",
    0: "anonymous unknown",
}
_USER_TYPE_OF: Final[Mapping[str, int]] = {kind: uid for uid, kinds in _USER_TYPES.items() for kind in kinds.split()}
_OTHER: Final = 99

_ENTITY_TYPES: Final[Mapping[EntityKind, int]] = {
    EntityKind.DEVICE: 1,
    EntityKind.USER: 2,
    EntityKind.GROUP: 3,
    EntityKind.ORGANIZATION: 4,
    EntityKind.POLICY: 5,
    EntityKind.OTHER: _OTHER,
}
_ENTITY_MEMBERS: Final[Mapping[EntityKind, str]] = {
    EntityKind.USER: "user",
    EntityKind.GROUP: "group",
    EntityKind.ORGANIZATION: "org",
    EntityKind.POLICY: "policy",
}
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


def actor_object(record: dict[str, Json], rest: Remainder) -> dict[str, Json]:
    """``actor``: the user, the session it came in, and the service that called in its name."""
    kind = rest.take_text("actor", "type") or "unknown"
    imported = source_format(record) == cloudtrail.FORMAT
    identity = rest.take_text("actor", "id") or "-"
    key = rest.take_text("actor", "attributes", "access_key_id") if imported else None
    user = present(
        type=kind,
        type_id=_USER_TYPE_OF.get(kind.lower(), _OTHER),
        uid=identity,
        name=rest.take_text("actor", "name") or identity,
        email_addr=rest.take_text("actor", "email"),
        groups=[{"name": role} for role in rest.take_texts("actor", "roles")],
        account=_aws_account(rest.take_text("actor", "attributes", "account_id") if imported else None),
        programmatic_credentials=[] if key is None else [{"uid": key, "type": "Access Key"}],
    )
    session = present(
        uid=rest.take_text("actor", "session_id"),
        is_mfa=True if dig_text(record, "actor", "auth_method") == "mfa" else None,
    )
    caller = rest.take_text("actor", "attributes", "invoked_by") if imported else None
    return present(user=user, session=session, app_name=caller)


def _aws_account(number: str | None) -> dict[str, Json]:
    return {} if number is None else {"uid": number, "type": "AWS Account", "type_id": 10}


def cloud_object(record: dict[str, Json]) -> dict[str, Json]:
    """``cloud``, for what was imported from one: an empty object otherwise."""
    if source_format(record) != cloudtrail.FORMAT:
        return {}
    return present(
        provider="AWS",
        region=dig_text(record, "raw", "awsRegion"),
        account=_aws_account(dig_text(record, "raw", "recipientAccountId")),
    )


def endpoint_object(rest: Remainder) -> dict[str, Json]:
    """``src_endpoint``: from where."""
    return present(ip=rest.take_text("context", "ip"), svc_name=rest.take_text("context", "service"))


def http_objects(record: dict[str, Json], rest: Remainder) -> dict[str, Json]:
    """``http_request`` and ``http_response``, as far as they are known. Methods that OCSF does not list are left."""
    known = dig_text(record, "context", "http", "method") in _METHODS
    path = rest.take_text("context", "http", "path")
    request = present(
        user_agent=rest.take_text("context", "user_agent"),
        http_method=rest.take_text("context", "http", "method") if known else None,
        url={"path": path} if path is not None else None,
    )
    status = rest.take("context", "http", "status")
    return present(http_request=request, http_response={"code": status} if status is not None else None)


def resource_object(target: dict[str, Json]) -> dict[str, Json]:
    """One of ``resources``: a target."""
    texts = {name: dig_text(target, name) for name in ("type", "id", "name")}
    data = {name: value for name, value in target.items() if texts.get(name) is None}
    return present(type=texts["type"], uid=texts["id"], name=texts["name"], data=data)


def entity_object(managed: ManagedEntity) -> dict[str, Json]:
    """``entity``: an account, group, policy or the like."""
    entity = resource_object(managed.target) | {"type_id": _ENTITY_TYPES[managed.kind]}
    named = present(uid=entity.get("uid"), name=entity.get("name"))
    member = _ENTITY_MEMBERS.get(managed.kind)
    return entity | ({member: named} if member is not None else {})
