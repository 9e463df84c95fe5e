"""CloudEvents: valid attributes, the record as data, and a way back in."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest

from indelible.events.exports import FORMATS, write_export
from indelible.events.foreign import cloudevents as reader
from indelible.merkle import leaf_hash
from tests.unit.events.exports.conftest import FULL, entry_of, record_of
from tests.unit.events.foreign.conftest import Importer

REQUIRED = {"specversion", "id", "source", "type"}
OPTIONAL = {"datacontenttype", "dataschema", "subject", "time"}
ATTRIBUTE_NAME = re.compile(r"[a-z0-9]{1,20}")
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-F]{2})+")
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0010ffff]")


def batch_of(*entries: bytes) -> list[dict[str, Any]]:
    batch: list[dict[str, Any]] = json.loads(export(*entries))
    return batch


def export(*entries: bytes) -> bytes:
    return b"".join(write_export(FORMATS["cloudevents"], [(range(len(entries)), entries, None)]))


def problems(event: dict[str, Any]) -> list[str]:
    """What "CloudEvents" 1.0.2, sections "Required Attributes" to "Size Limits", does not allow."""
    attributes = {name: value for name, value in event.items() if name not in {"data", "data_base64"}}
    found = [f"{name} is missing" for name in REQUIRED - set(event)]
    found += [f"{name} is no name" for name in attributes if not ATTRIBUTE_NAME.fullmatch(name)]
    found += [f"{name} is no text" for name, value in attributes.items() if not isinstance(value, str) or not value]
    found += [f"{name} holds what it must not" for name, value in attributes.items() if UNFIT.search(value)]
    if not URI_REFERENCE.fullmatch(event["source"]):
        found.append("source is no URI reference")
    if event["specversion"] != "1.0" or event.get("datacontenttype") != "application/json":
        found.append("specversion or datacontenttype")
    datetime.fromisoformat(event["time"])
    return found


def test_every_sample_is_a_valid_event_with_its_record(samples: tuple[bytes, ...]) -> None:
    """Attributes as the specification wants them; ``data`` is the record with its index."""
    batch = batch_of(*samples)
    assert len(batch) == len(samples)
    for index, (event, entry) in enumerate(zip(batch, samples, strict=True)):
        record = record_of(entry)
        assert problems(event) == []
        assert event["data"] == {"index": index, **record}
        assert (event["id"], event["type"], event["time"]) == (record["id"], record["action"], record["occurred_at"])
        assert event["source"] == "example.com/log"
        assert event["leafhash"] == leaf_hash(entry).hex()
    assert len({(event["source"], event["id"]) for event in batch}) == len(batch)
    assert [event["sequence"] for event in batch] == sorted(event["sequence"] for event in batch)


def test_attributes_are_those_that_are_documented(full: bytes) -> None:
    """Those of the specification, and our extensions."""
    (event,) = batch_of(full)
    assert set(event) - REQUIRED - OPTIONAL - {"data"} == {
        "actor",
        "recordedtime",
        "sequence",
        "leafhash",
        "traceparent",
    }
    assert event["actor"] == "user:u-1"
    assert event["subject"] == "invoice:9"
    assert event["traceparent"] == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


def test_export_read_back_is_the_same_event(samples: tuple[bytes, ...], full: bytes) -> None:
    """Another log takes the export: who did what, to what, when, within which trace is the same."""
    entries = (full, *samples)
    again = Importer("example.com/other").records(reader.read_batch(export(*entries)))
    assert len(again) == len(entries)
    for record, entry in zip(again, entries, strict=True):
        first = record_of(entry)
        assert [record[name] for name in ("action", "occurred_at")] == [
            first[name] for name in ("action", "occurred_at")
        ]
        assert [record["actor"][name] for name in ("type", "id")] == [first["actor"][name] for name in ("type", "id")]
        assert record["upstream"]["id"] == first["id"]
        if target := next(iter(first.get("targets", [])), None):
            assert record["targets"][0]["id"] == f"{target['type']}:{target['id']}"
        for name in ("trace_id", "span_id"):
            assert record["context"].get(name) == first.get("context", {}).get(name)


def test_export_of_an_import_keeps_its_attributes() -> None:
    """What came as a CloudEvent leaves as one with the same type, subject, actor, time and trace."""
    original = {
        "specversion": "1.0",
        "id": "a1",
        "source": "/orders",
        "type": "com.example.order.placed",
        "subject": "orders/17",
        "time": "2026-02-03T04:05:06Z",
        "actor": "user:ada:x",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    importer = Importer()
    (prepared,) = importer.intake(reader.read(json.dumps(original).encode())).prepared
    (event,) = batch_of(importer.preparer.finish(prepared.template, b"2026-02-03T04:05:07.000000Z"))
    assert [event[name] for name in ("type", "subject", "actor")] == [
        original[name] for name in ("type", "subject", "actor")
    ]
    assert event["time"] == "2026-02-03T04:05:06.000000Z"
    assert event["traceparent"][:-2] == original["traceparent"][:-2]
    assert event["data"]["raw"] == original


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        ({"log": "exämple.com/a b%c"}, "source", "ex%C3%A4mple.com/a%20b%25c"),
        ({"actor": {"type": "user", "id": "a\nb\x7f"}}, "actor", "user:a\ufffdb\ufffd"),
        ({"targets": [{"type": "file", "id": "\ufffe"}]}, "subject", "file:\ufffd"),
        ({"context": {"trace_id": "0" * 32, "span_id": "1" * 16}}, "traceparent", None),
        ({"context": {"trace_id": "not", "span_id": "1" * 16}}, "traceparent", None),
        ({"targets": []}, "subject", None),
    ],
)
def test_attributes_hold_only_what_they_may(change: dict[str, Any], name: str, expected: str | None) -> None:
    """What an attribute must not hold is replaced or left out; the record in ``data`` has it as it is."""
    record = record_of(entry_of(FULL)) | change
    (event,) = batch_of(json.dumps(record).encode())
    assert event.get(name) == expected
    assert problems(event) == []
    assert event["data"] == {"index": 0, **record}
