"""What the tests of export formats share: the bundled samples as entries, and a record in which every field is set."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.events import Preparer, new_stamp
from indelible.events.foreign import cloudtrail, github, kubernetes
from tests.unit.events.foreign.conftest import RECEIVED, Importer, sample_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indelible.events.exports import Run
    from indelible.events.foreign import ForeignEvent, Rejected

ORIGIN = "example.com/log"


def alone(rows: Iterable[tuple[int, bytes, bool | None]]) -> Iterator[Run]:
    """Each row as a run of its own."""
    return (([index], [entry], published) for index, entry, published in rows)


READERS = {"cloudtrail": cloudtrail.read, "kubernetes": kubernetes.read}


def _documents() -> Iterator[Iterator[ForeignEvent | Rejected]]:
    for folder, read in READERS.items():
        yield from (read(path.read_bytes()) for path in sample_files(folder))
    for path in sample_files("github"):
        yield github.read(path.read_bytes(), event=github.event_of(path.name))


@functools.cache
def sample_entries() -> tuple[bytes, ...]:
    """The entries of all bundled samples: 2,549 of CloudTrail, 35 of Kubernetes, 27 of GitHub."""
    importer = Importer(ORIGIN)
    return tuple(
        importer.preparer.finish(prepared.template, RECEIVED.encode())
        for items in _documents()
        for prepared in importer.intake(items).prepared
    )


FULL: dict[str, Any] = {
    "id": "0198c5a0-0000-7000-8000-000000000001",
    "occurred_at": "2026-02-03T04:05:06.123456Z",
    "action": "invoice.approve",
    "operation": "approve",
    "outcome": "denied",
    "actor": {
        "type": "user",
        "id": "u-1",
        "name": "Ada",
        "email": "ada@example.com",
        "roles": ["clerk", "approver"],
        "on_behalf_of": {"type": "user", "id": "u-2", "name": "Grace"},
        "session_id": "session-9",
        "auth_method": "mfa",
        "attributes": {"department": {"name": "finance"}},
    },
    "targets": [
        {"type": "invoice", "id": "9", "name": "INV-9", "href": "https://example.com/9", "attributes": {"sum": 12.5}},
        {"type": "ledger", "id": "main"},
    ],
    "tenant": "acme",
    "context": {
        "ip": "2001:db8::1",
        "user_agent": "browser/1",
        "location": "Vienna",
        "service": "billing",
        "service_version": "4.2",
        "environment": "production",
        "request_id": "request-7",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "http": {"method": "POST", "path": "/invoices/9/approve", "status": 403},
    },
    "changes": [{"path": "/state", "old": "draft", "new": None, "redacted": True}],
    "reason": "over the limit",
    "message": "Ada may not approve invoice 9",
    "severity": "warning",
    "tags": ["money", "limits"],
    "metadata": {"amount": 1000, "urgent": True, "lines": [1, 2], "nested.name": "dotted", "empty": {}},
    "attachments": [{"name": "scan", "media_type": "application/pdf", "size": 17, "sha256": "ab" * 32}],
    "producer": {"id": "billing-1", "seq": 3, "prev": "cd" * 32},
    "upstream": {"format": "erp", "id": "erp-5", "sha256": "ef" * 32, "size": 99},
    "raw": {"zeile": "ä", "a": [1.5, None]},
}
"""An event with every field that a producer can set."""


def entry_of(event: dict[str, Any]) -> bytes:
    """The entry that a log makes of ``event``."""
    preparer = Preparer(origin=ORIGIN, stamp=new_stamp(lambda size: b"\x5a" * size))
    (prepared,) = preparer.prepare_objects(
        [event], principal="key:billing", now_ms=1_770_091_506_000, random=lambda size: b"\x07" * size
    )
    return preparer.finish(prepared.template, RECEIVED.encode())


def record_of(entry: bytes) -> dict[str, Any]:
    """The record in ``entry``, read by the standard library."""
    record: dict[str, Any] = json.loads(entry)
    return record


def scalars(value: Any) -> Iterator[Any]:
    """Every text, number, boolean and null in ``value``; names of members are not among them."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    else:
        yield value


@pytest.fixture(scope="session")
def samples() -> tuple[bytes, ...]:
    return sample_entries()


@pytest.fixture(scope="session")
def full() -> bytes:
    return entry_of(FULL)
