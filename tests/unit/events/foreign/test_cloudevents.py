"""CloudEvents: structured and batch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import MalformedInput
from indelible.events.foreign import cloudevents

if TYPE_CHECKING:
    from .conftest import Importer

MINIMAL: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/billing", "type": "com.example.paid"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _read(event: Any) -> Any:
    return cloudevents.read(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({}, "action", "com.example.paid"),
        ({}, "actor", {"type": "service", "id": "/billing"}),
        ({"actor": "user:ada"}, "actor", {"type": "user", "id": "ada"}),
        ({"actor": "ada"}, "actor", {"type": "user", "id": "ada"}),
        ({"actor": ":ada"}, "actor", {"type": "user", "id": ":ada"}),
        ({"authtype": "app_user", "authid": "7"}, "actor", {"type": "app_user", "id": "7"}),
        ({"actor": None, "authid": None}, "actor", {"type": "service", "id": "/billing"}),
        ({"subject": "invoice/9"}, "targets", [{"type": "subject", "id": "invoice/9"}]),
        ({"time": "2026-01-01T00:00:00+01:00"}, "occurred_at", "2025-12-31T23:00:00.000000Z"),
        (
            {"traceparent": TRACE},
            "context",
            {"service": "/billing", "trace_id": TRACE[3:35], "span_id": TRACE[36:52]},
        ),
        ({"traceparent": "garbage"}, "context", {"service": "/billing"}),
        ({"data": {"amount": 5}}, "raw", MINIMAL | {"data": {"amount": 5}}),
    ],
)
def test_attributes_are_mapped(importer: Importer, change: dict[str, Any], field: str, value: Any) -> None:
    """One event, one thing different; whatever has no field stays in the original."""
    assert importer.record(_read(MINIMAL | change))[field] == value


@pytest.mark.parametrize(
    "change",
    [{"id": ""}, {"id": 1}, {"source": None}, {"type": ""}, {"specversion": "0.3"}, {"data": 1, "data_base64": "AA=="}],
)
def test_what_is_no_cloudevent_is_rejected(importer: Importer, change: dict[str, Any]) -> None:
    """Required attributes, their version, and one kind of data."""
    intake = importer.intake(_read(MINIMAL | change))
    assert intake.prepared == []
    assert "CloudEvent" in intake.rejected[0].detail


def test_source_and_id_together_name_an_event(importer: Importer) -> None:
    """The same id from another source is another event."""
    ids = [
        importer.intake(_read(MINIMAL | change)).prepared[0].id
        for change in ({}, {"time": None}, {"source": "/shipping"}, {"id": "2"})
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_batch_takes_what_is_good(importer: Importer) -> None:
    """Poison in a batch is returned; an empty batch is a batch."""
    body = json.dumps([MINIMAL, {"id": "x"}, MINIMAL | {"id": "2"}, 5]).encode()
    intake = importer.intake(cloudevents.read_batch(body))
    assert len(intake.prepared) == 2
    assert [rejected.record for rejected in intake.rejected] == ["/1", "/3"]
    assert importer.intake(cloudevents.read_batch(b" [] ")).prepared == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[1,]", b"[1 2]", b"[1]x", b"[", b"\xff", b"[" * 100_000])
def test_what_is_no_batch_is_malformed(body: bytes) -> None:
    """An array, the whole array, and nothing but the array."""
    with pytest.raises(MalformedInput):
        cloudevents.read_batch(body)
