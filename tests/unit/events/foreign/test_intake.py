"""Intake: originals are pinned whatever they are, and large ones give way."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785

from indelible.events import MAX_ENTRY, same_content
from indelible.events.foreign import cloudtrail

if TYPE_CHECKING:
    from .conftest import Importer

MINIMAL: dict[str, Any] = {"eventID": "e1", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}


def _file(*records: bytes) -> bytes:
    return b'{"Records":[' + b",".join(records) + b"]}"


def _record(**extra: Any) -> bytes:
    return json.dumps(MINIMAL | extra).encode()


@pytest.mark.parametrize(
    ("extra", "canonical"),
    [
        (b'"n":123456789012345678901234567890', False),
        (b'"n":1e400', False),
        (b'"n":9007199254740993', False),
        (b'"s":"\\ud800"', False),
        (b'"s":"\\u0000"', True),
        (b'"s":{"$sealed":1}', True),
        (b'"d":' + b"[" * 40 + b"]" * 40, True),
    ],
)
def test_an_original_that_a_record_cannot_hold_is_kept_as_base64(
    importer: Importer, extra: bytes, canonical: bool
) -> None:
    """Its bytes come back exactly; the hash is over RFC 8785 bytes where those exist."""
    data = b'{ "eventID":"e1", ' + extra + b',"eventSource":"iam.amazonaws.com","eventName":"CreateUser"}'
    record = importer.record(cloudtrail.read(_file(data)))
    assert base64.b64decode(record["raw"], validate=True) == data
    hashed = rfc8785.dumps(json.loads(data)) if canonical else data
    assert record["upstream"]["sha256"] == hashlib.sha256(hashed).hexdigest()
    assert record["upstream"]["size"] == len(hashed)


def test_an_event_too_large_loses_its_original_first(importer: Importer) -> None:
    """It keeps the hash, its neighbours keep their originals, and the count is told."""
    large = _record(padding="x" * MAX_ENTRY)
    intake = importer.intake(cloudtrail.read(_file(_record(eventID="e0"), large, _record(eventID="e2"))))
    assert (len(intake.prepared), intake.rejected, intake.without_raw) == (3, [], 1)
    records = [json.loads(importer.preparer.finish(one.template, b"x" * 27)) for one in intake.prepared]
    assert ["raw" in record for record in records] == [True, False, True]
    assert records[1]["upstream"]["sha256"] == hashlib.sha256(rfc8785.dumps(json.loads(large))).hexdigest()


def test_an_event_too_large_without_its_original_is_rejected(importer: Importer) -> None:
    """Then there is nothing left to leave out."""
    intake = importer.intake(cloudtrail.read(_file(_record(userAgent="x" * MAX_ENTRY))))
    assert intake.prepared == []
    assert "too large even without its original" in intake.rejected[0].detail


def test_formatting_of_an_original_does_not_matter(importer: Importer) -> None:
    """The same document, spaced and ordered otherwise, is the same content under the same id."""
    plain = importer.intake(cloudtrail.read(_file(_record(a=1, b=[1.0, "é"]))))
    spaced = json.dumps({"b": [1, "é"], "a": 1} | MINIMAL, indent=3, ensure_ascii=False).encode()
    other = importer.intake(cloudtrail.read(b'{"x":0, "Records" : [ ' + spaced + b" ] }"))
    (first,), (second,) = plain.prepared, other.prepared
    assert first.id == second.id
    assert same_content(importer.preparer.finish(first.template, b"2026-01-01T00:00:00.000000Z"), second)


def test_a_changed_original_under_the_same_foreign_id_is_other_content(importer: Importer) -> None:
    """Somebody edited history at the source: the second telling is a conflict, not a duplicate."""
    first = importer.intake(cloudtrail.read(_file(_record(sourceIPAddress="192.0.2.1")))).prepared[0]
    second = importer.intake(cloudtrail.read(_file(_record(sourceIPAddress="192.0.2.2")))).prepared[0]
    assert first.id == second.id
    assert not same_content(first.template, second)
