"""Reading records closely: what exactly is wrong with each, by the rules of RFC 8785 and of the record.

Runs only where the quick reading of :mod:`indelible.verify.records` has met something unexpected, and is imported only
then: a worker process starts in half the time without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from indelible.errors import FormatError
from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record
from indelible.verify.record_shape import ProducerShape
from indelible.verify.records import (
    NO_ID,
    ONE_UUID7,
    SCHEMA_VERSION,
    TIMESTAMP,
    ProducerClaim,
    RecordFault,
    RecordsSummary,
    claim_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["summarise_closely"]


def summarise_closely(entries: Sequence[bytes], origin: str) -> RecordsSummary:
    """As :func:`indelible.verify.records.summarise`, with all that is wrong."""
    ids = bytearray()
    first = last = ""
    producers: list[ProducerClaim] = []
    faults: list[RecordFault] = []
    signed = 0
    for offset, entry in enumerate(entries):
        record, details = _read_closely(entry, origin)
        event_id = record.get("id")
        known = event_id if isinstance(event_id, str) and ONE_UUID7.fullmatch(event_id) else None
        ids += NO_ID if known is None else bytes.fromhex(known.replace("-", ""))
        received_at = record.get("received_at")
        if isinstance(received_at, str) and TIMESTAMP.fullmatch(received_at):
            if received_at < last:
                details.append(f"received_at {received_at} is before that of an earlier record, {last}")
            first, last = first or received_at, max(last, received_at)
        if record.get("producer") is not None:
            claim = _claim(offset, record["producer"])
            if claim is None:
                details.append("producer is not of the form that a record has")
            else:
                producers.append(claim)
        signed += "signature" in record
        faults += [RecordFault(offset=offset, detail=detail, event_id=known) for detail in details]
    return RecordsSummary(
        ids=bytes(ids),
        first_received_at=first,
        last_received_at=last,
        producers=tuple(producers),
        signed=signed,
        faults=tuple(faults),
    )


def _read_closely(entry: bytes, origin: str) -> tuple[dict[str, Any], list[str]]:
    """The entry as JSON (empty when it is none), and what is wrong with it."""
    try:
        record = decode_record(entry)
    except FormatError as error:
        return {}, [str(error)]
    details = []
    try:
        canonical = canonical_json(record) == entry
    except ValueError:
        canonical = False
    if not canonical:
        details.append("the entry is not canonical JSON (RFC 8785)")
    if record.get("v") != SCHEMA_VERSION:
        details.append(f"the record's schema version is {record.get('v')!r}, not {SCHEMA_VERSION}")
    if record.get("log") != origin:
        details.append(f"the record belongs to the log {record.get('log')!r}, not to {origin!r}")
    event_id = record.get("id")
    if not isinstance(event_id, str) or not ONE_UUID7.fullmatch(event_id):
        details.append("the record's id is not a UUIDv7")
    received_at = record.get("received_at")
    if not isinstance(received_at, str) or not TIMESTAMP.fullmatch(received_at):
        details.append("the record's received_at is not a time in normal form")
    return record, details


def _claim(offset: int, producer: object) -> ProducerClaim | None:
    try:
        return claim_of(offset, msgspec.convert(producer, ProducerShape))
    except msgspec.ValidationError:
        return None
