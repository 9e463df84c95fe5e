"""Foreign events on their way into the log: ids made, originals pinned by hash, each one prepared or returned."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import InvalidEvent, TooLarge
from indelible.events.foreign.document import ForeignEvent, Rejected
from indelible.events.identity import foreign_id
from indelible.events.timestamps import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from indelible.events.assembly import Prepared
    from indelible.events.json_values import Json
    from indelible.events.preparation import Preparer

__all__ = ["Intake", "prepare_foreign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What became of foreign events: ``without_raw`` of the prepared ones were too large to keep their original."""

    prepared: list[Prepared]
    rejected: list[Rejected]
    without_raw: int


def prepare_foreign(
    preparer: Preparer,
    items: Iterable[ForeignEvent | Rejected],
    *,
    principal: str,
    now_ms: int,
    random: Callable[[int], bytes],
) -> Intake:
    """Takes what is good and returns what is not; an event that is too large loses its original first."""
    prepared: list[Prepared] = []
    rejected: list[Rejected] = []
    without_raw = 0
    for item in items:
        if isinstance(item, Rejected):
            rejected.append(item)
            continue
        event = _event_of(item, preparer.origin)
        try:
            try:
                prepared += preparer.prepare_objects([event], principal=principal, now_ms=now_ms, random=random)
            except TooLarge:
                del event["raw"]
                prepared += preparer.prepare_objects([event], principal=principal, now_ms=now_ms, random=random)
                without_raw += 1
        except InvalidEvent as error:
            detail = "; ".join(f"{place.pointer.removeprefix('/0')}: {place.detail}" for place in error.places[:3])
            rejected.append(Rejected(record=item.record, detail=f"maps to no valid event: {detail}"))
        except TooLarge as error:
            rejected.append(Rejected(record=item.record, detail=f"too large even without its original: {error}"))
    return Intake(prepared=prepared, rejected=rejected, without_raw=without_raw)


def _event_of(item: ForeignEvent, origin: str) -> dict[str, Json]:
    time = item.fields.get("occurred_at")
    milliseconds = to_milliseconds(time) if isinstance(time, str) else None
    content = item.original.content
    event: dict[str, Json] = {
        **item.fields,
        "id": foreign_id(origin=origin, format=item.format, source=item.source, id=item.id, milliseconds=milliseconds),
        "upstream": {
            "format": item.format,
            "id": item.id,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
        },
    }
    if item.original.raw is not None:
        event["raw"] = item.original.raw
    return event
