"""CloudEvents 1.0 in the JSON event format (structured and batch mode; "JSON Event Format", sections 2 to 4).

===============  ======================================================================================
field            from
===============  ======================================================================================
id               ``source`` and ``id``, which together are unique
``occurred_at``  ``time``
``action``       ``type``
``actor``        extension ``actor`` (``type:id``), else ``authtype`` and ``authid``, else ``source``
``targets``      ``subject``
``context``      ``source`` as the service; extension ``traceparent``
===============  ======================================================================================

``data`` and everything else stay in ``raw``. An attribute that is ``null`` is absent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indelible.events.foreign.dig import dig_text, present, target, time
from indelible.events.foreign.document import ForeignEvent, UnmappableError, read_each
from indelible.events.foreign.split import split_array
from indelible.events.json_values import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.events.foreign.document import Original, Rejected
    from indelible.events.json_values import Json

__all__ = ["FORMAT", "read", "read_batch"]

FORMAT = "cloudevents"

# W3C Trace Context, section 3.2.2: version, trace-id, parent-id, flags.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


def read(document: bytes) -> Iterator[ForeignEvent | Rejected]:
    """The event of a structured-mode document (``application/cloudevents+json``).

    Raises:
        MalformedInput: when ``document`` is not JSON.
    """
    parse_json(document)
    return read_each([("", document)], _read_event)


def read_batch(document: bytes) -> Iterator[ForeignEvent | Rejected]:
    """The events of a batch (``application/cloudevents-batch+json``), which may be empty.

    Raises:
        MalformedInput: when ``document`` is not a JSON array.
    """
    return read_each(split_array(document), _read_event)


def _read_event(pointer: str, event: dict[str, Json], original: Original) -> ForeignEvent:
    event_id, source, kind = (dig_text(event, key) for key in ("id", "source", "type"))
    if event_id is None or source is None or kind is None or event.get("specversion") != "1.0":
        raise UnmappableError("a CloudEvent needs id, source and type, and specversion 1.0")
    if event.get("data") is not None and event.get("data_base64") is not None:
        raise UnmappableError("a CloudEvent must not have both data and data_base64")
    trace = _TRACEPARENT.fullmatch(dig_text(event, "traceparent") or "")
    return ForeignEvent(
        record=pointer,
        format=FORMAT,
        source=source,
        id=event_id,
        original=original,
        fields=present(
            occurred_at=time(dig_text(event, "time")),
            action=kind,
            actor=_actor(event, source),
            targets=target("subject", dig_text(event, "subject")),
            context=present(
                service=source,
                trace_id=trace["trace"] if trace else None,
                span_id=trace["span"] if trace else None,
            ),
        ),
    )


def _actor(event: dict[str, Json], source: str) -> dict[str, Json]:
    actor, auth_type, auth_id = (dig_text(event, key) for key in ("actor", "authtype", "authid"))
    if actor is not None:
        kind, colon, who = actor.partition(":")
        return {"type": kind, "id": who} if colon and kind and who else {"type": "user", "id": actor}
    if auth_id is not None:
        return {"type": auth_type or "user", "id": auth_id}
    return {"type": "service", "id": source}
