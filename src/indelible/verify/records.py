"""What a verifier reads in entries: enough to check that they are this log's records, and no more.

A verifier reads every record of a log, so this is written for speed: the entries of a bundle are decoded and encoded
again in one call each, and one comparison says that all of them are canonical JSON. Where that comparison fails, each
entry is looked at by itself, by the rules of RFC 8785.

A known hole: a number that msgspec prints in its own way and RFC 8785 in another (``1.0`` for ``1``) passes as
canonical. Whether the entry is the one that was recorded does not hang on this: its hash says that.

Reads any entry whatever without failing: what is wrong with it comes back in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from indelible.errors import FormatError
from indelible.events.canonical import canonical_json
from indelible.events.record import SCHEMA_VERSION, decode_record
from indelible.verify.record_shape import ProducerShape, RecordShape

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ID_BYTES", "NO_ID", "ProducerClaim", "RecordFault", "RecordsSummary", "event_id_of", "id_text", "summarise"]

ID_BYTES = 16
NO_ID = bytes(ID_BYTES)
"""Stands for the id of an entry that has none."""

_UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_ONE_UUID7 = re.compile(_UUID7)
_UUID7S = re.compile(f"(?:{_UUID7})*")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

_DECODER = msgspec.json.Decoder(RecordShape)
_ENCODER = msgspec.json.Encoder(order="deterministic")  # sorts dicts, and leaves structs in the order of their fields


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFault:
    """What is wrong with the record at ``offset`` among those read together."""

    offset: int
    detail: str
    event_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerClaim:
    """The place that a record claims in its producer's sequence; ``prev`` is a leaf hash in hex."""

    offset: int
    producer: str
    seq: int
    prev: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSummary:
    """What has been read in some consecutive entries.

    ``ids`` holds 16 bytes an entry, :data:`NO_ID` where there is none. ``first_received_at`` and ``last_received_at``
    are ``""`` when no record has a time.
    """

    ids: bytes
    first_received_at: str
    last_received_at: str
    producers: tuple[ProducerClaim, ...] = ()
    signed: int = 0
    faults: tuple[RecordFault, ...] = ()


def summarise(entries: Sequence[bytes], *, origin: str) -> RecordsSummary:
    """Read consecutive entries of the log ``origin``; see :class:`RecordsSummary`."""
    records = _read_at_once(entries)
    if records is not None:
        times = [record.received_at for record in records]
        ids = "".join([record.id for record in records])
        if (
            times == sorted(times)
            and all(map(_TIMESTAMP.fullmatch, set(times)))
            and {record.log for record in records} <= {origin}
            and {record.v for record in records} <= {SCHEMA_VERSION}
            and len(ids) == 36 * len(records)
            and _UUID7S.fullmatch(ids)
        ):
            return RecordsSummary(
                ids=bytes.fromhex(ids.replace("-", "")),
                first_received_at=times[0] if times else "",
                last_received_at=times[-1] if times else "",
                producers=tuple(
                    _claim(offset, record.producer)
                    for offset, record in enumerate(records)
                    if record.producer is not UNSET
                ),
                signed=sum(record.signature is not UNSET for record in records),
            )
    return _summarise_closely(entries, origin)


def event_id_of(entry: bytes) -> str | None:
    """The id that an entry bears, whatever else may be wrong with it; ``None`` when none can be read."""
    try:
        found = decode_record(entry).get("id")
    except FormatError:
        return None
    return found if isinstance(found, str) and _ONE_UUID7.fullmatch(found) else None


def id_text(id_bytes: bytes) -> str | None:
    """An id as text; ``None`` for :data:`NO_ID`."""
    return None if id_bytes == NO_ID else str(UUID(bytes=bytes(id_bytes)))


def _read_at_once(entries: Sequence[bytes]) -> list[RecordShape] | None:
    """The records, when all entries are canonical and nothing in them is unexpected; else ``None``.

    The comparison proves it: JSON as printed holds no line feed, so those in ``printed`` stand between records only;
    when it equals ``lines`` and there are as many records as entries, no entry holds a line feed either, and each
    entry is what its record prints as.
    """
    lines = b"\n".join([*entries, b""])
    try:
        records = _DECODER.decode_lines(lines)
        printed = _ENCODER.encode_lines(records)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return records if printed == lines and len(records) == len(entries) else None


def _claim(offset: int, producer: ProducerShape) -> ProducerClaim:
    prev = None if producer.prev is UNSET else producer.prev
    return ProducerClaim(offset=offset, producer=producer.id, seq=producer.seq, prev=prev)


def _summarise_closely(entries: Sequence[bytes], origin: str) -> RecordsSummary:
    ids = bytearray()
    first = last = ""
    producers: list[ProducerClaim] = []
    faults: list[RecordFault] = []
    signed = 0
    for offset, entry in enumerate(entries):
        record, details = _read_closely(entry, origin)
        event_id = record.get("id")
        known = event_id if isinstance(event_id, str) and _ONE_UUID7.fullmatch(event_id) else None
        ids += NO_ID if known is None else bytes.fromhex(known.replace("-", ""))
        received_at = record.get("received_at")
        if isinstance(received_at, str) and _TIMESTAMP.fullmatch(received_at):
            if received_at < last:
                details.append(f"received_at {received_at} is before that of an earlier record, {last}")
            first, last = first or received_at, max(last, received_at)
        if record.get("producer") is not None:
            claim = _claim_of(offset, record["producer"])
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
    if not isinstance(event_id, str) or not _ONE_UUID7.fullmatch(event_id):
        details.append("the record's id is not a UUIDv7")
    received_at = record.get("received_at")
    if not isinstance(received_at, str) or not _TIMESTAMP.fullmatch(received_at):
        details.append("the record's received_at is not a time in normal form")
    return record, details


def _claim_of(offset: int, producer: object) -> ProducerClaim | None:
    try:
        return _claim(offset, msgspec.convert(producer, ProducerShape))
    except msgspec.ValidationError:
        return None
