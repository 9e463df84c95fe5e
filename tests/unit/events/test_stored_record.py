"""An entry that was stored is a record still, or it is refused, whatever was made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import FormatError
from indelible.events import canonical_json
from indelible.events.exports import FORMATS, write_export
from indelible.events.stored_record import check_record
from tests.insider import NO_RECORDS
from tests.unit.events.exports.conftest import FULL, entry_of, sample_entries

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD: dict[str, Any] = {
    "action": "door.open",
    "actor": {"id": "ada", "type": "user"},
    "context": {"ip": "192.0.2.1"},
    "id": "0198c5a0-0000-7000-8000-000000000001",
    "log": "example.com/log",
    "occurred_at": "2026-02-03T04:05:06.123456Z",
    "outcome": "success",
    "principal": "key:1",
    "received_at": "2026-02-03T04:05:06.123456Z",
    "v": 1,
}


def test_check_record_passes_every_record() -> None:
    """Those of all bundled samples, one in which every field is set, and a small one."""
    for entry in (*sample_entries(), entry_of(FULL), canonical_json(RECORD)):
        check_record(entry)


def test_check_record_passes_numbers_that_only_the_reference_prints() -> None:
    """Canonical JSON is that of RFC 8785, however the quick encoder spells a number."""
    check_record(canonical_json({**RECORD, "metadata": {"tiny": 1e-7, "large": 1e21}}))


@pytest.mark.parametrize("change", NO_RECORDS.values(), ids=NO_RECORDS)
def test_check_record_refuses_what_is_none(change: Callable[[bytes], bytes]) -> None:
    """Not JSON, not an object, not canonical, not with the fields of a record or with more."""
    with pytest.raises(FormatError):
        check_record(change(canonical_json(RECORD)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurred_at", "2026-02-30T04:05:06.123456Z"),
        ("occurred_at", "2026-02-03 04:05:06"),
        ("context", {"ip": "localhost"}),
        ("outcome", "maybe"),
        ("targets", [{"id": "9"}]),
    ],
)
def test_check_record_refuses_values_that_a_query_could_not_read(field: str, value: Any) -> None:
    """Also those that a type does not rule out."""
    with pytest.raises(FormatError):
        check_record(canonical_json({**RECORD, field: value}))


@pytest.mark.parametrize("field", ["id", "outcome", "occurred_at"])
def test_check_record_refuses_a_record_without_what_each_has(field: str) -> None:
    """Events may be sent without these; records have them."""
    with pytest.raises(FormatError):
        check_record(canonical_json({name: value for name, value in RECORD.items() if name != field}))


@given(st.integers(0, 399), st.binary(max_size=4), st.integers(0, 4))
def test_whatever_an_insider_writes_is_a_line_of_json(place: int, written: bytes, gone: int) -> None:
    """Any edit leaves NDJSON lines that are whole, each with the index of its entry."""
    entry = canonical_json(RECORD)
    edited = entry[:place] + written + entry[place + gone :]
    run = ([6, 7, 8], [entry, edited, entry], True)
    lines = b"".join(write_export(FORMATS["ndjson"], [run])).split(b"\n")
    assert [msgspec.json.decode(line)["index"] for line in lines[:-1]] == [6, 7, 8]
    assert lines[-1] == b""
