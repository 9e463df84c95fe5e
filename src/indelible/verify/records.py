"""What a verifier reads in entries: enough to check that they are this log's records, and no more.

A verifier reads every record of a log, so this is written for speed. It reads the few fields that it needs; and where
it is asked to, it reads all of them and prints them again, which must give the same bytes: then the entry is canonical
JSON. Where anything is unexpected, :mod:`indelible.verify.close_reading` looks at each entry by itself, by the rules of
RFC 8785.

A known hole: a number that msgspec prints in its own way and RFC 8785 in another (``1.0`` for ``1``) passes as
canonical. Whether the entry is the one that was recorded does not hang on this: its hash says that.

Reads any entry whatever without failing: what is wrong with it comes back in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from indelible.verify.record_shape import ProducerShape, RecordShape, SmallShape

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ID_BYTES",
    "NO_ID",
    "ONE_UUID7",
    "SCHEMA_VERSION",
    "TIMESTAMP",
    "ProducerClaim",
    "RecordFault",
    "RecordsSummary",
    "claim_of",
    "event_id_of",
    "id_text",
    "summarise",
]

ID_BYTES = 16
NO_ID = bytes(ID_BYTES)
"""Stands for the id of an entry that has none."""

_UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ONE_UUID7 = re.compile(_UUID7)
_UUID7S = re.compile(f"(?:{_UUID7})*+")  # possessive: nothing to go back to
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

SCHEMA_VERSION = 1
"""That of :mod:`indelible.events.record`, which is not imported here for the sake of a worker's start."""


class _OnlyId(msgspec.Struct):
    id: str


_UUID_LENGTH = 36
_ID, _LOG, _VERSION = attrgetter("id"), attrgetter("log"), attrgetter("v")
_TIME, _PRODUCER, _SIGNATURE = attrgetter("received_at"), attrgetter("producer"), attrgetter("signature")

_SMALL_DECODER = msgspec.json.Decoder(SmallShape)
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


def summarise(entries: Sequence[bytes], *, origin: str, canonical: bool = True) -> RecordsSummary:
    """Read consecutive entries of the log ``origin``.

    With ``canonical`` all of each entry is read, and must be canonical JSON; else only what the summary is made of.
    """
    records = _read_quickly(entries, canonical=canonical)
    if records is not None:
        times = list(map(_TIME, records))
        ids = list(map(_ID, records))
        joined = "".join(ids)
        if (
            times == sorted(times)
            and all(map(TIMESTAMP.fullmatch, set(times)))
            and set(map(_LOG, records)) <= {origin}
            and set(map(_VERSION, records)) <= {SCHEMA_VERSION}
            and set(map(len, ids)) <= {_UUID_LENGTH}
            and _UUID7S.fullmatch(joined)
        ):
            return RecordsSummary(
                ids=bytes.fromhex(joined.replace("-", "")),
                first_received_at=times[0] if times else "",
                last_received_at=times[-1] if times else "",
                producers=_claims(list(map(_PRODUCER, records))),
                signed=len(records) - list(map(_SIGNATURE, records)).count(UNSET),
            )
    # Slow, seldom needed, and slow to import: see its docstring.
    from indelible.verify.close_reading import summarise_closely  # noqa: PLC0415

    return summarise_closely(entries, origin)


def event_id_of(entry: bytes) -> str | None:
    """The id that an entry bears, whatever else may be wrong with it; ``None`` when none can be read."""
    try:
        found = msgspec.json.decode(entry, type=_OnlyId).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return found if ONE_UUID7.fullmatch(found) else None


def id_text(id_bytes: bytes) -> str | None:
    """An id as text; ``None`` for :data:`NO_ID`."""
    return None if id_bytes == NO_ID else str(UUID(bytes=bytes(id_bytes)))


def _read_quickly(entries: Sequence[bytes], *, canonical: bool) -> Sequence[SmallShape | RecordShape] | None:
    """The records, when nothing in them is unexpected; else ``None``."""
    try:
        if not canonical:
            return list(map(_SMALL_DECODER.decode, entries))
        records = list(map(_DECODER.decode, entries))
        printed = list(map(_ENCODER.encode, records))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return records if printed == list(entries) else None


def _claims(producers: list[ProducerShape | UnsetType]) -> tuple[ProducerClaim, ...]:
    if producers.count(UNSET) == len(producers):
        return ()
    return tuple(claim_of(at, producer) for at, producer in enumerate(producers) if producer is not UNSET)


def claim_of(offset: int, producer: ProducerShape) -> ProducerClaim:
    """What a record says about its producer's sequence."""
    prev = None if producer.prev is UNSET else producer.prev
    return ProducerClaim(offset=offset, producer=producer.id, seq=producer.seq, prev=prev)
