"""Looking at an entry once more after it was stored: somebody at the disk may have made something else of it.

What passes is safe to rely on: it is a record of the schema, in canonical JSON, so that it stands on one line, has its
fields in their types, and brings no member of ours, such as an ``index``, of its own. That it is the record that was
recorded, only its proof shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from indelible.errors import FormatError
from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record, read_record
from indelible.events.rules import is_address
from indelible.events.timestamps import is_normal

if TYPE_CHECKING:
    from indelible.events.record import Record

__all__ = ["check_record"]

_ENCODER = msgspec.json.Encoder(order="sorted")


def check_record(entry: bytes) -> None:
    """Refuse an entry that is no record any more.

    Raises:
        FormatError: it is none.
    """
    record = read_record(entry)
    if not _is_whole(record):
        raise FormatError("this entry lacks what every record has, or has it in another form")
    try:
        is_canonical = _ENCODER.encode(record) == entry or canonical_json(decode_record(entry)) == entry
    except ValueError:
        is_canonical = False
    if not is_canonical:
        raise FormatError("this entry is not canonical JSON")


def _is_whole(record: Record) -> bool:
    """What the types leave open, for events are sent with less, and queries rely on."""
    if record.id is UNSET or record.outcome is UNSET or record.occurred_at is UNSET:
        return False
    if not is_normal(record.occurred_at) or not is_normal(record.received_at):
        return False
    return record.context is UNSET or record.context.ip is UNSET or is_address(record.context.ip)
