"""GitHub webhook payloads.

===============  ======================================================================================
field            from
===============  ======================================================================================
id               ``X-GitHub-Delivery``; for a payload from a file, the SHA-256 of its RFC 8785 bytes
``occurred_at``  the object's own time: the one named after the action (``closed_at``), else its last change
``action``       ``github.`` + event + ``.`` + the payload's ``action``, where there is one
``actor``        ``sender``: its login; the number that survives a change of name is an attribute
``targets``      ``repository``, the object concerned, and what it belongs to
``changes``      ``changes``: before and after
===============  ======================================================================================

A webhook says that something happened, hence ``outcome`` is ``success``. Signatures are checked where deliveries
arrive, over the bytes as they came, before anything is read here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from indelible.events.foreign.dig import dig, dig_list, dig_object, dig_text, distinct, present, target, time
from indelible.events.foreign.document import ForeignEvent, read_each
from indelible.events.json_values import child, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indelible.events.foreign.document import Original, Rejected
    from indelible.events.json_values import Json

__all__ = ["FORMAT", "event_of", "read"]

FORMAT = "github.webhook"

# The member that holds the object concerned, where it is not named like the event.
_OBJECTS: Mapping[str, str] = {
    "branch_protection_rule": "rule",
    "code_scanning_alert": "alert",
    "commit_comment": "comment",
    "dependabot_alert": "alert",
    "deploy_key": "key",
    "deployment_review": "workflow_run",
    "discussion_comment": "comment",
    "fork": "forkee",
    "issue_comment": "comment",
    "issues": "issue",
    "membership": "member",
    "meta": "hook",
    "org_block": "blocked_user",
    "organization": "membership",
    "ping": "hook",
    "pull_request_review": "review",
    "pull_request_review_comment": "comment",
    "pull_request_review_thread": "thread",
    "pull_request_target": "pull_request",
    "push": "head_commit",
    "repository_vulnerability_alert": "alert",
    "secret_scanning_alert": "alert",
    "secret_scanning_alert_location": "alert",
    "team_add": "team",
}
# Members too general to be a target's type: what they hold is named after the event, or as given here.
_KINDS: Mapping[str, str | None] = {
    "alert": None,
    "blocked_user": "user",
    "comment": None,
    "forkee": "repository",
    "head_commit": "commit",
    "key": None,
    "review": None,
    "rule": None,
    "thread": None,
}
_PARENTS = ("issue", "pull_request", "discussion", "deployment", "workflow_run", "release", "label", "member", "team")
_OPERATIONS: Mapping[str, str] = {
    "created": "create",
    "opened": "create",
    "added": "create",
    "published": "create",
    "deleted": "delete",
    "removed": "delete",
    "edited": "update",
    "approved": "approve",
}
_OPERATIONS_OF_EVENTS: Mapping[str, str] = {"create": "create", "fork": "create", "delete": "delete", "push": "update"}


def event_of(file_name: str) -> str:
    """The event that a payload's file is named after: ``check_run`` for ``check_run.completed.payload.json``."""
    return file_name.split(".", 1)[0]


def read(document: bytes, *, event: str, delivery: str | None = None) -> Iterator[ForeignEvent | Rejected]:
    """The event of one payload; ``event`` is the header ``X-GitHub-Event``, ``delivery`` is ``X-GitHub-Delivery``.

    Raises:
        MalformedInput: when ``document`` is not JSON.
    """
    parse_json(document)

    def read_payload(pointer: str, payload: dict[str, Json], original: Original) -> ForeignEvent:
        return _read_payload(pointer, payload, original, event, delivery)

    return read_each([("", document)], read_payload)


def _read_payload(
    pointer: str, payload: dict[str, Json], original: Original, event: str, delivery: str | None
) -> ForeignEvent:
    verb = dig_text(payload, "action")
    key = _OBJECTS.get(event, event)
    concerned = dig_object(payload, key)
    operation = _OPERATIONS.get(verb or "") or _OPERATIONS_OF_EVENTS.get(event, "other")
    return ForeignEvent(
        record=pointer,
        format=FORMAT,
        source="",
        id=delivery or hashlib.sha256(original.content).hexdigest(),
        original=original,
        fields=present(
            occurred_at=_time(concerned, verb),
            action=f"github.{event}.{verb}" if verb else f"github.{event}",
            operation=operation,
            outcome="success",
            actor=_actor(dig_object(payload, "sender")),
            targets=_targets(payload, event, key),
            changes=_changes(payload, concerned),
        ),
    )


def _time(concerned: dict[str, Json], verb: str | None) -> str | None:
    for key in (f"{verb}_at", "updated_at", "timestamp", "created_at"):
        found = time(dig_text(concerned, key))
        if found is not None:
            return found
    return None


def _actor(sender: dict[str, Json]) -> dict[str, Json]:
    login = dig_text(sender, "login")
    if login is None:  # GitHub itself acted: security advisories, scheduled events
        return {"type": "service", "id": "github"}
    attributes = present(id=_number(sender), node_id=dig_text(sender, "node_id"))
    return present(type=(dig_text(sender, "type") or "user").lower(), id=login, attributes=attributes)


def _number(value: Json) -> str | None:
    found = dig(value, "id")
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else None


def _targets(payload: dict[str, Json], event: str, key: str) -> list[Json]:
    repository = dig_object(payload, "repository")
    targets = _object_target("repository", repository)
    if not targets:
        targets += _object_target("organization", dig_object(payload, "organization"))
    if key != "repository":
        targets += _object_target(_KINDS.get(key, key) or event, dig_object(payload, key))
    reference = dig_text(payload, "ref")
    if event in {"create", "delete"}:
        targets += target(dig_text(payload, "ref_type") or "ref", reference)
    elif event == "push":
        targets += target("tag" if (reference or "").startswith("refs/tags/") else "branch", reference)
    for page in dig_list(payload, "pages"):
        targets += target("page", dig_text(page, "page_name"), href=dig_text(page, "html_url"))
    for parent in _PARENTS:
        if parent != key:
            targets += _object_target(parent, dig_object(payload, parent))
    return distinct(targets)


def _object_target(kind: str, value: dict[str, Json]) -> list[Json]:
    full_name, login, number = dig_text(value, "full_name"), dig_text(value, "login"), dig(value, "number")
    identity = full_name or login or _number(value)
    if identity is None:
        identity = dig_text(value, "id") or (str(number) if isinstance(number, int) else None)
    name = dig_text(value, "name") or dig_text(value, "title")
    by_name = full_name is not None or login is not None
    number_id = _number(value) if by_name else None  # survives a change of name
    return target(kind, identity, name=name, href=dig_text(value, "html_url"), id=number_id)


def _changes(payload: dict[str, Json], concerned: dict[str, Json]) -> list[Json]:
    changes: list[Json] = []
    for name, change in dig_object(payload, "changes").items():
        if isinstance(change, dict) and "from" in change:
            after: dict[str, Json] = {"new": concerned[name]} if name in concerned else {}
            changes.append({"path": child("", name), "old": change["from"], **after})
    return changes[:256]
