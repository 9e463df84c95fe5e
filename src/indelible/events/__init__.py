"""The event record: schema, validation, normal form, canonical bytes, ids, and the formats of others.

Pure: bytes and values in, bytes and values out. Time and randomness are handed in.
"""

from __future__ import annotations

from indelible.events.assembly import Prepared
from indelible.events.canonical import canonical_json
from indelible.events.idempotency import same_content
from indelible.events.preparation import MAX_EVENTS, Preparer, new_stamp
from indelible.events.record import MAX_ENTRY, Event, Record, decode_record, read_record

__all__ = [
    "MAX_ENTRY",
    "MAX_EVENTS",
    "Event",
    "Prepared",
    "Preparer",
    "Record",
    "canonical_json",
    "decode_record",
    "new_stamp",
    "read_record",
    "same_content",
]
