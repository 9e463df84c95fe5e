"""Kubernetes audit events: ``audit.k8s.io``, from an API server's log file or its webhook.

===============  ======================================================================================
field            from
===============  ======================================================================================
id               ``auditID`` and ``stage``: a request passes several stages, each an event
``occurred_at``  ``requestReceivedTimestamp``
``action``       ``k8s.`` + API group (``core`` when empty) + resource + subresource + verb, dotted
``operation``    the verb; what is created under ``exec``, ``attach``, ``portforward``, ``proxy`` is executed
``outcome``      ``responseStatus.code``: 401 and 403 ``denied``, from 400 ``failure``; the authorizer's ``forbid``
``actor``        ``user``; ``impersonatedUser`` becomes ``on_behalf_of``
``targets``      ``objectRef``: namespace and name (``*`` for a collection)
``context``      the last of ``sourceIPs``, which the server itself saw; ``userAgent``
===============  ======================================================================================

``requestObject`` and ``responseObject`` stay in ``raw``; they may hold Secrets, which the audit policy of the cluster
should leave out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import MalformedInput
from indelible.events.foreign.dig import (
    address,
    bounded,
    dig,
    dig_list,
    dig_object,
    dig_text,
    present,
    target,
    time,
)
from indelible.events.foreign.document import ForeignEvent, UnmappableError, read_each
from indelible.events.foreign.split import split_member
from indelible.events.json_values import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.events.foreign.document import Original, Rejected
    from indelible.events.json_values import Json

__all__ = ["FORMAT", "read"]

FORMAT = "k8s.audit"

_API = "audit.k8s.io/"
_EXECUTING = frozenset({"exec", "attach", "portforward", "proxy"})
_OPERATIONS = {
    "get": "read",
    "list": "read",
    "watch": "read",
    "create": "create",
    "update": "update",
    "patch": "update",
    "delete": "delete",
    "deletecollection": "delete",
}
_ACCOUNT_TYPES = {"system:serviceaccount:": "serviceaccount", "system:node:": "node"}


def read(document: bytes) -> Iterator[ForeignEvent | Rejected]:
    """The events of an ``EventList``, of one ``Event``, or of a file with an ``Event`` a line.

    Raises:
        MalformedInput: when ``document`` is none of these.
    """
    try:
        return read_each(split_member(document, "items"), _read_event)
    except MalformedInput:
        pass
    try:
        parse_json(document)
    except MalformedInput:
        lines = [(f"/{number}", line) for number, line in enumerate(document.split(b"\n")) if line.strip()]
        if len(lines) < 2 or not any(_is_object(line) for _, line in lines):
            raise
        return read_each(lines, _read_event)
    return read_each([("", document)], _read_event)


def _is_object(line: bytes) -> bool:
    return line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}")


def _read_event(pointer: str, event: dict[str, Json], original: Original) -> ForeignEvent:
    audit_id, stage, verb = (dig_text(event, key) for key in ("auditID", "stage", "verb"))
    version = dig_text(event, "apiVersion")  # older API servers leave kind and version out
    if audit_id is None or stage is None or verb is None or not (version or _API).startswith(_API):
        raise UnmappableError("an audit event needs auditID, stage and verb, and apiVersion audit.k8s.io if any")
    addresses = dig_list(event, "sourceIPs")
    return ForeignEvent(
        record=pointer,
        format=FORMAT,
        source="",
        id=f"{audit_id}/{stage}",
        original=original,
        fields=present(
            occurred_at=time(dig_text(event, "requestReceivedTimestamp") or dig_text(event, "stageTimestamp")),
            action=_action(dig_object(event, "objectRef"), verb),
            operation=_operation(event, verb),
            outcome=_outcome(event, stage),
            actor=_actor(event),
            targets=_targets(event),
            context=present(
                ip=address(_text(addresses[-1])) if addresses else None,
                user_agent=dig_text(event, "userAgent"),
                request_id=audit_id,
            ),
            reason=bounded(dig_text(event, "responseStatus", "reason")),
            message=bounded(dig_text(event, "responseStatus", "message")),
        ),
    )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _action(reference: dict[str, Json], verb: str) -> str:
    resource = dig_text(reference, "resource")
    if resource is None:
        return f"k8s.nonresource.{verb}"
    parts = [dig_text(reference, "apiGroup") or "core", resource, dig_text(reference, "subresource"), verb]
    return ".".join(["k8s", *[part for part in parts if part]])


def _operation(event: dict[str, Json], verb: str) -> str:
    if verb in {"create", "get"} and dig_text(event, "objectRef", "subresource") in _EXECUTING:
        return "execute"
    return _OPERATIONS.get(verb, "other")


def _outcome(event: dict[str, Json], stage: str) -> str:
    code = dig(event, "responseStatus", "code")
    if dig(event, "annotations", "authorization.k8s.io/decision") == "forbid":
        return "denied"
    if not isinstance(code, int):
        return "failure" if stage == "Panic" else "unknown"
    if code in {401, 403}:
        return "denied"
    return "failure" if code >= 400 else "success"


def _account(user: dict[str, Json]) -> dict[str, Json]:
    name = dig_text(user, "username")
    if name is None:
        return {"type": "anonymous", "id": "-"}
    kind = next((kind for prefix, kind in _ACCOUNT_TYPES.items() if name.startswith(prefix)), "user")
    return {"type": kind, "id": name}


def _actor(event: dict[str, Json]) -> dict[str, Json]:
    user, impersonated = dig_object(event, "user"), dig_object(event, "impersonatedUser")
    return _account(user) | present(
        roles=[group for group in dig_list(user, "groups") if isinstance(group, str)],
        on_behalf_of=_account(impersonated) if impersonated else None,
        attributes=present(uid=dig_text(user, "uid")),
    )


def _targets(event: dict[str, Json]) -> list[Json]:
    reference = dig_object(event, "objectRef")
    # What a create makes has no name in its reference yet when the server chooses it; the answer does.
    made = dig_object(event, "responseObject", "metadata") if dig_text(event, "verb") == "create" else {}
    name = dig_text(reference, "name") or dig_text(made, "name")
    namespace = dig_text(reference, "namespace")
    return target(
        dig_text(reference, "resource") or "",
        f"{namespace}/{name or '*'}" if namespace else name or "*",
        name=name,
        namespace=namespace,
        api_group=dig_text(reference, "apiGroup"),
        uid=dig_text(reference, "uid") or (dig_text(made, "uid") if not dig_text(reference, "subresource") else None),
    )
