"""The fields of the query language: their names, what kind of values they have, and where those stand in a record.

Source: INTERFACES, "Query language". This table is the only place that names them: the parser looks fields up here,
completion lists them, the evaluator and the index read the values where it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from indelible.events.record import Operation, Outcome, Severity
from indelible.query.ast import Field, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FIELDS", "JSON_ROOTS", "SUGAR", "FieldPlace", "find_field"]


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A field and where it stands.

    Attributes:
        field: The field.
        members: The names of members that lead to it in a record; ``()`` for ``index``, which is not in the record.
        summary: What it is, for help and completion.
        choices: The only values that a record can have there; empty when any can.
    """

    field: Field
    members: tuple[str, ...]
    summary: str
    choices: tuple[str, ...] = ()


def _place(name: str, kind: Kind, members: str, summary: str, choices: object = None) -> FieldPlace:
    return FieldPlace(Field(name, kind), tuple(members.split(".")) if members else (), summary, get_args(choices))


_PLACES = (
    _place("id", Kind.TEXT, "id", "the event's id, a UUIDv7"),
    _place("index", Kind.INTEGER, "", "its position in the log, from 0"),
    _place("action", Kind.TEXT, "action", "what was done"),
    _place("operation", Kind.TEXT, "operation", "the coarse kind: create, read, update, delete, login …", Operation),
    _place("outcome", Kind.TEXT, "outcome", "success, failure, denied or unknown", Outcome),
    _place("actor", Kind.ENTITY, "actor", "who did it: the id, or type:id"),
    _place("actor.type", Kind.TEXT, "actor.type", "what kind of actor"),
    _place("actor.name", Kind.TEXT, "actor.name", "the actor's name"),
    _place("target", Kind.ENTITY, "targets", "on what: the id, or type:id"),
    _place("target.type", Kind.TEXT, "targets.type", "what kind of target"),
    _place("tenant", Kind.TEXT, "tenant", "whose data"),
    _place("ip", Kind.ADDRESS, "context.ip", "from where: an address or a network"),
    _place("service", Kind.TEXT, "context.service", "through which service"),
    _place("request", Kind.TEXT, "context.request_id", "the request's id"),
    _place("trace", Kind.TEXT, "context.trace_id", "the trace's id"),
    _place("tag", Kind.TEXT, "tags", "one of the tags"),
    _place("severity", Kind.TEXT, "severity", "debug, info, notice, warning, error or critical", Severity),
    _place("principal", Kind.TEXT, "principal", "the authenticated writer"),
    _place("producer", Kind.TEXT, "producer.id", "the producer's id"),
    _place("format", Kind.TEXT, "upstream.format", "the format of an imported event: aws.cloudtrail …"),
    _place("occurred", Kind.TIME, "occurred_at", "when it happened, by the producer's clock"),
    _place("received", Kind.TIME, "received_at", "when the log took it"),
)

FIELDS: dict[str, FieldPlace] = {place.field.name: place for place in _PLACES}
"""Every field with a name of its own."""

JSON_ROOTS: dict[str, tuple[str, ...]] = {
    "metadata": ("metadata",),
    "context": ("context",),
    "actor.attributes": ("actor", "attributes"),
}
"""What a path may begin with, and where that stands: ``metadata.amount``, ``context.http.status``."""

SUGAR: dict[str, str] = {
    "since": "occurred at that time or later",
    "until": "occurred before that time",
}
"""What looks like a field, takes one time, and bounds ``occurred``."""


def find_field(parts: Sequence[str]) -> Field | None:
    """The field that a path names, given by its parts: ``("actor", "type")``, ``("metadata", "odd.key")``."""
    place = FIELDS.get(".".join(parts))
    if place is not None:
        return place.field
    for root in JSON_ROOTS:
        depth = root.count(".") + 1
        if ".".join(parts[:depth]) == root and len(parts) > depth:
            return Field(root, Kind.JSON, tuple(parts[depth:]))
    return None
