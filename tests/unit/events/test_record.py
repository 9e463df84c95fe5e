"""Reading records back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import UNSET

from indelible.errors import FormatError
from indelible.events import decode_record, read_record

if TYPE_CHECKING:
    from .conftest import Door


def test_record_reads_back_as_values_and_typed(door: Door, event: dict[str, Any]) -> None:
    """Both readings agree; what is absent is absent."""
    (prepared,) = door.objects(event | {"metadata": {"a": [1, 2.5]}, "targets": [{"type": "t", "id": "1"}]})
    entry = door.entry(prepared)
    plain, typed = decode_record(entry), read_record(entry)
    assert plain == json.loads(entry)
    assert (typed.id, typed.v, typed.metadata) == (plain["id"], 1, {"a": [1, 2.5]})
    assert typed.targets is not UNSET
    assert typed.targets[0].id == "1"
    assert typed.context is UNSET


@pytest.mark.parametrize("entry", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_a_record_is_a_format_error(entry: bytes) -> None:
    """Bytes that are no JSON object are no record."""
    with pytest.raises(FormatError):
        decode_record(entry)
    with pytest.raises(FormatError):
        read_record(entry)


@pytest.mark.parametrize("change", [{"v": 2}, {"v": True}, {"unknown": 1}, {"log": None}, {"actor": {}}])
def test_another_schema_is_not_read_as_this_one(door: Door, event: dict[str, Any], change: dict[str, Any]) -> None:
    """A record of a later version is refused rather than misread."""
    record = json.loads(door.entry(door.objects(event)[0])) | change
    with pytest.raises(FormatError, match="version 1"):
        read_record(json.dumps(record).encode())
