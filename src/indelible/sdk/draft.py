"""An event as a Python caller gives it, made into the event of EVENT.md that is sent.

Only what the notation needs is done here: ``type:id`` texts, times, an id so that sending again is harmless. Whether
the event is valid is decided where it is admitted, in one place for all producers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec

from indelible.errors import InvalidEvent, Place, UsageError
from indelible.events.canonical import canonical_json
from indelible.events.identity import new_ids

__all__ = [
    "Entity",
    "EventFields",
    "draft_event",
    "draft_mapping",
    "encode_event",
    "new_event_id",
    "parse_entity",
]

Entity = str | Mapping[str, Any]
"""An actor or a target: the text ``type:id``, or the whole object with ``type``, ``id`` and what else is known."""


class EventFields(TypedDict, total=False):
    """The optional fields of an event, as EVENT.md defines them. Times may be zone-aware ``datetime``s."""

    id: str
    occurred_at: str | datetime
    operation: str
    outcome: str
    tenant: str
    context: Mapping[str, Any]
    changes: Sequence[Mapping[str, Any]]
    reason: str
    message: str
    severity: str
    tags: Sequence[str]
    metadata: Mapping[str, Any]
    attachments: Sequence[Mapping[str, Any]]
    producer: Mapping[str, Any]


def parse_entity(text: str) -> dict[str, str]:
    """Split ``type:id`` at the first colon; an id may hold further ones.

    Raises:
        UsageError: there is no colon, or nothing before or after it.
    """
    kind, colon, identity = text.partition(":")
    if not colon:
        raise UsageError(f"{text!r} does not say what it is: write type:id, such as user:{text or 'ada'}")
    if not kind or not identity:
        raise UsageError(f"{text!r} is not of the form type:id: both parts are needed, such as user:ada")
    return {"type": kind, "id": identity}


def draft_event(
    action: str,
    actor: Entity,
    targets: Iterable[Entity],
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """The event to send, with an id: a fresh UUIDv7 unless ``fields`` bears one.

    Raises:
        UsageError: an actor's or target's text without a colon, or a time without a zone.
    """
    event: dict[str, Any] = {"action": action, "actor": _entity(actor)}
    drafted = [_entity(target) for target in _listed(targets)]
    if drafted:
        event["targets"] = drafted
    for name, value in fields.items():
        if value is not None:
            event[name] = _time(value) if isinstance(value, datetime) else value
    event.setdefault("id", new_event_id())
    return event


def draft_mapping(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event to send, from one mapping that holds ``action``, ``actor``, perhaps ``targets``, and other fields.

    Raises:
        InvalidEvent: ``action`` or ``actor`` is missing.
        UsageError: as :func:`draft_event`.
    """
    missing = [Place("", f"{name} is missing") for name in ("action", "actor") if name not in event]
    if missing:
        raise InvalidEvent(missing)
    fields = {name: value for name, value in event.items() if name not in ("action", "actor", "targets")}
    return draft_event(event["action"], event["actor"], event.get("targets", ()), fields)


def new_event_id() -> str:
    """A fresh UUIDv7."""
    return new_ids(1, time.time_ns() // 1_000_000, os.urandom)[0]


def encode_event(event: Mapping[str, Any]) -> bytes:
    """The event as one line of JSON. Tuples, dates, UUIDs, enumerations and the like become what JSON has for them.

    Raises:
        InvalidEvent: something in it has no JSON form: NaN, a lone surrogate, a huge integer, an arbitrary object.
    """
    try:
        return canonical_json(msgspec.to_builtins(event, enc_hook=_plain))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEvent([Place("", f"the event has no JSON form: {error}")]) from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"objects of type {type(value).__qualname__} are not JSON")


def _entity(entity: Entity) -> dict[str, Any]:
    return parse_entity(entity) if isinstance(entity, str) else dict(entity)


def _listed(targets: Iterable[Entity]) -> Iterable[Entity]:
    if isinstance(targets, str | Mapping):
        raise UsageError("targets is a list: write targets=[…], also for one")
    return targets


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise UsageError("a time without a zone can mean two moments: use datetime.now(UTC) or attach one with tzinfo")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
