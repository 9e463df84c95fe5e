"""The event as a producer sends it and the record as the log stores it: schema version 1.

This is the one place where fields, types and limits are declared. :mod:`indelible.events.preparation` decodes against
these structs, :mod:`indelible.events.explain` reads the same declarations to name everything that is wrong. What types
cannot say (a time, a UUIDv7, an address) is marked by a *rule* and checked there by name.

An optional field is absent, never ``null``: ``UNSET`` stands for absence and is never encoded. Every struct is generic
in the type of its free-form JSON (``metadata``, ``attributes``, ``old``, ``new``, ``raw``), so that the same
declaration serves a decoder that proves things about that JSON and one that takes any.

The fields ``signature`` and ``sealed`` are reserved for signed and sealed events and not part of any struct here yet.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from indelible.errors import FormatError

__all__ = [
    "MAX_ENTRY",
    "MAX_SAFE_INTEGER",
    "RESERVED_FIELDS",
    "SCHEMA_VERSION",
    "SERVER_FIELDS",
    "Actor",
    "Attachment",
    "Change",
    "Context",
    "Event",
    "Http",
    "OnBehalfOf",
    "Operation",
    "Outcome",
    "Producer",
    "Record",
    "Severity",
    "Target",
    "Upstream",
    "decode_record",
    "read_record",
]

SCHEMA_VERSION = 1
MAX_ENTRY = 65_535
"""Bytes of an entry: tlog-tiles gives its length two bytes."""
MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3; RFC 7493)."""

SERVER_FIELDS = ("log", "principal", "received_at", "sealed", "v")
"""Top-level fields that the server sets; an event that brings one is refused."""
RESERVED_FIELDS = ("signature",)
"""Top-level fields with a meaning that this version does not support yet."""

_J = TypeVar("_J")

_Name = Annotated[str, Meta(min_length=1, max_length=256)]
_Kind = Annotated[str, Meta(min_length=1, max_length=256, extra={"rule": "kind"})]
_Action = Annotated[str, Meta(min_length=1, max_length=256, extra={"rule": "action"})]
_Identifier = Annotated[str, Meta(extra={"rule": "identifier"})]
_Timestamp = Annotated[str, Meta(extra={"rule": "timestamp"})]
_Address = Annotated[str, Meta(extra={"rule": "address"})]
_Prose = Annotated[str, Meta(max_length=4096)]
_Tag = Annotated[str, Meta(min_length=1, max_length=64)]
_Count = Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
_Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z", extra={"expected": "64 lower-case hexadecimal digits"})]
_Pointer = Annotated[
    str,
    Meta(pattern=r"\A(?:/(?:[^~/]|~[01])*)*\Z", extra={"expected": "a JSON pointer (RFC 6901), such as /plan/name"}),
]

Operation = Literal["create", "read", "update", "delete", "login", "logout", "execute", "approve", "export", "other"]
Outcome = Literal["success", "failure", "denied", "unknown"]
Severity = Literal["debug", "info", "notice", "warning", "error", "critical"]


class _Part(Struct, forbid_unknown_fields=True, gc=False):
    """What all parts share. They hold trees, never cycles, so the cycle collector need not walk them (``gc=False``)."""


class OnBehalfOf(_Part, kw_only=True):
    """Whom an actor stands in for."""

    type: _Kind
    id: _Name
    name: str | UnsetType = UNSET


class Actor(_Part, Generic[_J], kw_only=True):
    """Who did it. ``{"type": "anonymous", "id": "-"}`` is legal, absence is not."""

    type: _Kind
    id: _Name
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    roles: list[str] | UnsetType = UNSET
    on_behalf_of: OnBehalfOf | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    auth_method: str | UnsetType = UNSET
    attributes: dict[str, _J] | UnsetType = UNSET


class Target(_Part, Generic[_J], kw_only=True):
    """On what it was done."""

    type: _Kind
    id: _Name
    name: str | UnsetType = UNSET
    href: str | UnsetType = UNSET
    attributes: dict[str, _J] | UnsetType = UNSET


class Http(_Part, kw_only=True):
    """The HTTP request through which it was done."""

    method: _Name
    path: str
    status: Annotated[int, Meta(ge=100, le=599)]


class Context(_Part, kw_only=True):
    """From where, and through what. Clients claim most of this: store it, never trust it."""

    ip: _Address | UnsetType = UNSET
    user_agent: str | UnsetType = UNSET
    location: str | UnsetType = UNSET
    service: str | UnsetType = UNSET
    service_version: str | UnsetType = UNSET
    environment: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    trace_id: str | UnsetType = UNSET
    span_id: str | UnsetType = UNSET
    http: Http | UnsetType = UNSET


class Change(_Part, Generic[_J], kw_only=True):
    """One value before and after. Here, and only here, ``null`` is a value: a field can have been null before."""

    path: _Pointer
    old: _J | UnsetType = UNSET
    new: _J | UnsetType = UNSET
    redacted: bool | UnsetType = UNSET


class Attachment(_Part, kw_only=True):
    """A payload kept elsewhere and pinned by its hash; ``size`` in bytes."""

    name: _Name
    media_type: _Name
    size: _Count
    sha256: _Sha256


class Producer(_Part, kw_only=True):
    """Continuity: ``seq`` counts from 0 without gaps, so a missing number is a provable gap.

    ``prev`` is the leaf hash of this producer's previous record, where it is known.
    """

    id: _Name
    seq: _Count
    prev: _Sha256 | UnsetType = UNSET


class Upstream(_Part, kw_only=True):
    """Where an imported event comes from: its format, its id there, hash and length of the original document."""

    format: _Name
    id: str | UnsetType = UNSET
    sha256: _Sha256
    size: _Count


class Event(_Part, Generic[_J], kw_only=True):
    """An event as a producer sends it."""

    action: _Action
    actor: Actor[_J]
    id: _Identifier | UnsetType = UNSET
    occurred_at: _Timestamp | UnsetType = UNSET
    operation: Operation | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    targets: Annotated[list[Target[_J]], Meta(max_length=64)] | UnsetType = UNSET
    tenant: _Name | UnsetType = UNSET
    context: Context | UnsetType = UNSET
    changes: Annotated[list[Change[_J]], Meta(max_length=256)] | UnsetType = UNSET
    reason: _Prose | UnsetType = UNSET
    message: _Prose | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    tags: Annotated[list[_Tag], Meta(max_length=32)] | UnsetType = UNSET
    metadata: dict[str, _J] | UnsetType = UNSET
    attachments: Annotated[list[Attachment], Meta(max_length=32)] | UnsetType = UNSET
    producer: Producer | UnsetType = UNSET
    upstream: Upstream | UnsetType = UNSET
    raw: _J | UnsetType = UNSET


class Record(Event[Any], kw_only=True):
    """A record as the log stores it: the event in normal form and what the server asserts.

    ``received_at`` is when it was sequenced and never decreases along a log; ``principal`` is the authenticated writer,
    not the actor that the event names; ``log`` is the origin of the log that the entry belongs to.
    """

    v: Literal[1]
    log: str
    principal: str
    received_at: str


def decode_record(entry: bytes) -> dict[str, Any]:
    """The record in ``entry`` as plain JSON values.

    Raises:
        FormatError: when ``entry`` is not a JSON object.
    """
    try:
        return msgspec.json.decode(entry, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"this entry is not a record: {error}") from error


def read_record(entry: bytes) -> Record:
    """The record in ``entry``, typed.

    Raises:
        FormatError: when ``entry`` is not a record of schema version 1.
    """
    try:
        return msgspec.json.decode(entry, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"this entry is not a record of schema version {SCHEMA_VERSION}: {error}") from error
