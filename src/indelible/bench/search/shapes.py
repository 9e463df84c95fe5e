"""The bundled real events as shapes with holes: what a large log is made of when search is measured.

Every event in ``samples/`` is read as ``indelible import`` reads it, and shortened to what a record of moderate size
keeps: of the original, the members that say what was done. What tells one occurrence of an event from another becomes
a hole: when, who, from where, on which thing, and every identifier. A shape is as frequent as its action is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from indelible.events.foreign import ForeignEvent, cloudtrail, github, kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.events.json_values import Json

__all__ = ["ACTIONS", "Shape", "read_events", "read_shapes"]

ACTIONS: Final = 260
"""How many different actions the shapes have, the most frequent of the samples."""

_SHAPES_PER_ACTION = 4
_LONGEST_TEXT = 48
_LONGEST_ASKED = 100
_KEPT: Final = {
    "aws.cloudtrail": ("eventName", "eventID", "errorCode"),
    "k8s.audit": ("auditID", "verb", "stage", "requestURI", "responseStatus"),
    "github.webhook": ("action", "number", "ref"),
}
"""The members of an original that stay in ``raw``, by format."""
_ASKED: Final = ("requestParameters", "objectRef", "rule", "label")
"""The members of originals that say what was asked for; one becomes the event's ``metadata.request``."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An event as JSON with holes like ``%(name)b``, and how often its like stands among the samples.

    The holes: ``id``, ``time``, ``name`` of the actor, ``ip``, ``request``, ``event``, ``thing``, ``sha256``.
    """

    action: str
    template: bytes
    weight: float


def read_shapes(samples: Path) -> list[Shape]:
    """The shapes of the bundled events, always in the same order."""
    events = list(read_events(samples))
    frequency = Counter(str(event.fields["action"]) for event in events)
    by_action: dict[str, dict[bytes, None]] = {action: {} for action, _ in frequency.most_common(ACTIONS)}
    for event in events:
        templates = by_action.get(str(event.fields["action"]))
        if templates is not None and len(templates) < _SHAPES_PER_ACTION:
            templates[_template(event)] = None
    return [
        Shape(action, template, frequency[action] / len(templates))
        for action, templates in by_action.items()
        for template in templates
    ]


def read_events(samples: Path) -> Iterator[ForeignEvent]:
    """The bundled events, always in the same order."""
    for form in ("cloudtrail", "kubernetes", "github"):
        for file in sorted((samples / form).glob("*.json")):
            document = file.read_bytes()
            if form == "github":
                found = github.read(document, event=github.event_of(file.name))
            else:
                found = (cloudtrail if form == "cloudtrail" else kubernetes).read(document)
            yield from (event for event in found if isinstance(event, ForeignEvent))


def _template(event: ForeignEvent) -> bytes:
    fields = {name: _shortened(value) for name, value in event.fields.items()}
    if isinstance(actor := fields["actor"], dict):
        actor.pop("attributes", None)
    raw = event.original.raw if isinstance(event.original.raw, dict) else {}
    kept = {name: _shortened(raw[name]) for name in _KEPT[event.format] if raw.get(name) is not None}
    asked = next((raw[name] for name in _ASKED if raw.get(name)), {})
    if len(msgspec.json.encode(asked)) > _LONGEST_ASKED:
        asked = {}
    text = msgspec.json.encode(
        {
            **fields,
            "id": "%(id)b",
            "occurred_at": "%(time)b",
            "metadata": {"request": asked, "source": raw.get("awsRegion") or event.source},
            "upstream": {
                "format": event.format,
                "id": event.id,
                "sha256": "%(sha256)b",
                "size": len(event.original.content),
            },
            "raw": kept,
        }
    )
    for written, hole in _holes(event):
        text = text.replace(written, hole)
    return text


def _holes(event: ForeignEvent) -> Iterator[tuple[bytes, bytes]]:
    """What stands in an event, and the hole that takes its place; longer texts before those that they may hold."""
    fields = event.fields
    yield _within(event.id.partition("/")[0]), b"%(event)b"
    context = fields.get("context")
    if isinstance(context, dict):
        if "request_id" in context:
            yield _within(context["request_id"]), b"%(request)b"
        if "ip" in context:
            yield b'"ip":"%b"' % _within(context["ip"]), b'"ip":"%(ip)b"'
    targets = fields.get("targets")
    for target in targets if isinstance(targets, list) else ():
        if isinstance(target, dict):
            thing = _within(_shortened(target["id"]))
            yield b'"%b"' % thing, b'"%b-%%(thing)b"' % thing
    actor = fields["actor"]
    if isinstance(actor, dict) and actor["type"] != "AWSService":
        yield _within(str(actor["id"]).rpartition("/")[2]), b"%(name)b"


def _within(value: Json) -> bytes:
    """A text as it stands between the quotes of JSON."""
    return msgspec.json.encode(value)[1:-1]


def _shortened(value: Json) -> Json:
    """The value with its longer texts cut."""
    match value:
        case str():
            return value[:_LONGEST_TEXT].replace("%", "")
        case dict():
            return {name: _shortened(member) for name, member in value.items()}
        case list():
            return [_shortened(item) for item in value]
        case _:
            return value
