"""AWS CloudTrail: the records of its log files.

A file is a JSON object with ``Records``, an array; its elements are as AWS's user guide has them under "CloudTrail
record contents".

===============  =====================================================================================
field            from
===============  =====================================================================================
id               ``eventID``, unique within account and region
``occurred_at``  ``eventTime``
``action``       ``aws.`` + ``eventSource`` without ``.amazonaws.com`` + ``.`` + ``eventName``
``operation``    ``readOnly``, else the verb that ``eventName`` begins with
``outcome``      ``errorCode``: with ``AccessDenied`` or ``Unauthorized`` ``denied``, any other ``failure``
``actor``        ``userIdentity``: its type; ``arn``, else ``principalId``, else the service that acted
``targets``      ``resources``, else what ``requestParameters`` names
``context``      ``sourceIPAddress``, which may be a service; ``userAgent``, ``requestID``
===============  =====================================================================================

``awsRegion``, parameters and response stay in ``raw``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indelible.events.foreign.dig import (
    address,
    bounded,
    dig,
    dig_list,
    dig_object,
    dig_text,
    distinct,
    present,
    target,
    time,
)
from indelible.events.foreign.document import ForeignEvent, UnmappableError, read_each
from indelible.events.foreign.split import split_member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.events.foreign.document import Original, Rejected
    from indelible.events.json_values import Json

__all__ = ["FORMAT", "read"]

FORMAT = "aws.cloudtrail"

_DOMAIN = ".amazonaws.com"
_MAX_PARAMETER_DEPTH = 8
_VERB = re.compile(r"[A-Z][a-z]+")
_OPERATIONS = {
    "create": "Create Run Allocate Register Request",
    "delete": "Delete Terminate Remove Release Deregister Revoke Cancel Purge",
    "update": "Put Update Modify Set Attach Detach Add Associate Disassociate Enable Disable Change Tag Untag Replace "
    "Reset Authorize Restore Copy Move Rotate Import",
    "execute": "Start Stop Invoke Send Execute Reboot Publish Encrypt Decrypt",
}
_OPERATION_OF = {verb: operation for operation, verbs in _OPERATIONS.items() for verb in verbs.split()}
# A parameter names something when its own name says so: roleName, instanceIds, policyArn, trailNameList.
_NAMING = re.compile(r"(?P<kind>.+?)(?:Name|Id|Arn|ARN|Identifier)(?:s|List)?")
_NOT_NAMING = frozenset({"rolesession", "version", "attribute"})
_SEARCHES = frozenset({"filter", "filters", "filterset", "tags", "tagset", "tagspecificationset", "taglist"})


def read(document: bytes) -> Iterator[ForeignEvent | Rejected]:
    """The events of a CloudTrail file, decompressed.

    Raises:
        MalformedInput: when ``document`` is not a JSON object with ``Records``.
    """
    return read_each(split_member(document, "Records"), _read_record)


def _read_record(pointer: str, record: dict[str, Json], original: Original) -> ForeignEvent:
    event_id, source, name = (dig_text(record, key) for key in ("eventID", "eventSource", "eventName"))
    if event_id is None or source is None or name is None:
        raise UnmappableError("a CloudTrail record needs eventID, eventSource and eventName")
    service = source.removesuffix(_DOMAIN)
    peer = dig_text(record, "sourceIPAddress")
    ip = address(peer)
    return ForeignEvent(
        record=pointer,
        format=FORMAT,
        source=f"{dig_text(record, 'recipientAccountId') or ''}/{dig_text(record, 'awsRegion') or ''}",
        id=event_id,
        original=original,
        fields=present(
            occurred_at=time(dig_text(record, "eventTime")),
            action=f"aws.{service}.{name}",
            operation=_operation(record, name),
            outcome=_outcome(record),
            actor=_actor(dig_object(record, "userIdentity")),
            targets=_targets(record, service, name),
            context=present(
                ip=ip,
                service=peer if ip is None else None,
                user_agent=dig_text(record, "userAgent"),
                request_id=dig_text(record, "requestID"),
            ),
            reason=bounded(dig_text(record, "errorCode")),
            message=bounded(dig_text(record, "errorMessage")),
        ),
    )


def _operation(record: dict[str, Json], name: str) -> str:
    if name in {"ConsoleLogin", "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetSessionToken"}:
        return "login"
    if record.get("readOnly") is True:
        return "read"
    verb = _VERB.match(name)
    return _OPERATION_OF.get(verb.group() if verb else "", "other")


def _outcome(record: dict[str, Json]) -> str:
    code = dig_text(record, "errorCode")
    if code is not None:
        return "denied" if "AccessDenied" in code or "Unauthorized" in code else "failure"
    # A failed sign-in to the console bears its verdict here, and no errorCode.
    return "failure" if dig(record, "responseElements", "ConsoleLogin") == "Failure" else "success"


def _actor(identity: dict[str, Json]) -> dict[str, Json]:
    service = dig_text(identity, "invokedBy")
    session = dig_object(identity, "sessionContext")
    who = dig_text(identity, "arn") or dig_text(identity, "principalId") or service or dig_text(identity, "accountId")
    return present(
        type=dig_text(identity, "type") or ("AWSService" if service else "unknown"),
        id=who or "-",
        name=dig_text(identity, "userName") or dig_text(session, "sessionIssuer", "userName"),
        auth_method="mfa" if dig(session, "attributes", "mfaAuthenticated") == "true" else None,
        attributes=present(
            account_id=dig_text(identity, "accountId"),
            access_key_id=dig_text(identity, "accessKeyId"),
            invoked_by=service if service != who else None,
        ),
    )


def _targets(record: dict[str, Json], service: str, name: str) -> list[Json]:
    resources = dig_list(record, "resources")
    return distinct(_resources(resources) if resources else _parameters(record, service, name))


def _resources(resources: list[Json]) -> Iterator[Json]:
    for resource in resources:
        arn = dig_text(resource, "ARN")
        yield from target(_kind_of_resource(dig_text(resource, "type"), arn), arn)


def _parameters(record: dict[str, Json], service: str, name: str) -> Iterator[Json]:
    parameters = dig_object(record, "requestParameters")
    noun = _VERB.sub("", name, count=1)
    yield from target(f"{service}.{noun}".lower().rstrip("."), dig_text(parameters, "name"))
    for kind, named in _named(parameters, 0):
        yield from target(f"{service}.{kind}", named)


def _kind_of_resource(kind: str | None, arn: str | None) -> str:
    """``kms.key`` for ``AWS::KMS::Key``; where the type is missing, from the ARN, as far as it tells."""
    if kind is not None:
        return kind.removeprefix("AWS::").replace("::", ".").lower()
    parts = (arn or "").split(":", 5)
    if len(parts) < 6:
        return "aws.resource"
    if parts[2] == "s3":  # the only common one whose ARN begins with a name
        return "s3.object" if "/" in parts[5] else "s3.bucket"
    noun = re.match(r"[a-z-]+(?=[/:])", parts[5])
    return f"{parts[2]}.{noun.group()}" if noun else parts[2]


def _named(value: Json, depth: int) -> Iterator[tuple[str, str]]:
    """What request parameters name, as kind and id: ``("role", "admin")`` for ``roleName: admin``."""
    if depth > _MAX_PARAMETER_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _named(item, depth + 1)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key.lower() not in _SEARCHES:
                naming = _NAMING.fullmatch(key)
                if naming and naming["kind"].lower() not in _NOT_NAMING:
                    yield from ((naming["kind"].lower(), text) for text in _texts(inner))
                yield from _named(inner, depth + 1)


def _texts(value: Json) -> list[str]:
    """A text, or the texts of an array; newer EC2 calls wrap either: ``{"tag": 1, "content": "nat-…"}``."""
    if isinstance(value, dict):
        value = value.get("content")
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
