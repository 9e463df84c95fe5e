"""What the tests of the query room share: one record with something in every field, and a fixed now."""

from __future__ import annotations

from typing import Any

import pytest

NOW_US = 1_793_536_245_000_000
"""2026-11-01T12:30:45Z."""
HOUR = 3_600_000_000
MIDNIGHT = NOW_US - 12 * HOUR - 30 * 60_000_000 - 45_000_000

INDEX = 41


@pytest.fixture
def record() -> dict[str, Any]:
    return {
        "v": 1,
        "id": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "log": "example.com/log",
        "principal": "key:billing",
        "received_at": "2026-11-01T12:00:01.000000Z",
        "occurred_at": "2026-11-01T12:00:00.250000Z",
        "action": "invoice.approve",
        "operation": "approve",
        "outcome": "success",
        "severity": "notice",
        "actor": {
            "type": "user",
            "id": "ada",
            "name": "Ada Lovelace",
            "attributes": {"team": "engines", "odd.key": {"a b": True}},
        },
        "targets": [{"type": "invoice", "id": "9"}, {"type": "customer", "id": "acme:eu", "name": "Müller & Söhne"}],
        "tenant": "acme",
        "tags": ["finance", "q4"],
        "context": {
            "ip": "2001:DB8::17",
            "service": "billing",
            "request_id": "r-1",
            "trace_id": "t-1",
            "http": {"method": "POST", "path": "/invoices/9", "status": 201},
        },
        "metadata": {
            "amount": 1250,
            "ratio": 0.5,
            "paid": True,
            "note": None,
            "codes": [7, "7x", False],
            "lines": [{"sku": "a"}],
        },
        "producer": {"id": "billing-1", "seq": 0},
        "upstream": {"format": "aws.cloudtrail", "sha256": "0" * 64, "size": 2},
    }
