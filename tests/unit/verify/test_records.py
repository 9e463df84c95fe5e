"""Reading records for verification: the quick way and the close way come to the same end."""

from __future__ import annotations

from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.events import canonical_json
from indelible.events import record as declared
from indelible.verify import record_shape
from indelible.verify.records import NO_ID, event_id_of, id_text, summarise

ORIGIN = "example.com/log"


def record(number: int = 0, /, **changes: Any) -> dict[str, Any]:
    """A record of the log ORIGIN; a change to ``None`` takes a field away."""
    fields: dict[str, Any] = {
        "v": 1,
        "id": f"01980000-0000-7000-8000-{number:012x}",
        "occurred_at": "2026-07-22T10:00:00.000000Z",
        "received_at": f"2026-07-22T10:00:00.{number:06d}Z",
        "action": "invoice.approve",
        "outcome": "success",
        "actor": {"type": "user", "id": "ada", "attributes": {"b": 1, "a": [True, None]}},
        "targets": [{"type": "invoice", "id": str(number)}],
        "context": {"ip": "10.0.0.1", "http": {"method": "GET", "path": "/", "status": 200}},
        "metadata": {"z": "ä\U0001f600", "amount": 1000},
        "principal": "api-key:1",
        "log": ORIGIN,
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def entry(number: int = 0, /, **changes: Any) -> bytes:
    return canonical_json(record(number, **changes))


def details(*entries: bytes) -> list[tuple[int, str]]:
    return [(fault.offset, fault.detail) for fault in summarise(entries, origin=ORIGIN).faults]


def test_summarise_reads_ids_times_and_claims() -> None:
    """Ids come as 16 bytes an entry, times as the first and the last, claims with their offsets."""
    entries = [entry(1), entry(2, producer={"id": "p", "seq": 7, "prev": "ab" * 32}), entry(3)]
    summary = summarise(entries, origin=ORIGIN)
    assert [id_text(summary.ids[at : at + 16]) for at in (0, 16, 32)] == [record(n)["id"] for n in (1, 2, 3)]
    assert (summary.first_received_at[-4:], summary.last_received_at[-4:]) == ("001Z", "003Z")
    (claim,) = summary.producers
    assert (claim.offset, claim.producer, claim.seq, claim.prev) == (1, "p", 7, "ab" * 32)
    assert summary.faults == ()
    assert summary.signed == 0


def test_summarise_of_nothing_is_empty() -> None:
    """No entries give no ids, no times and no faults."""
    summary = summarise([], origin=ORIGIN)
    assert (summary.ids, summary.first_received_at, summary.faults) == (b"", "", ())


def test_summarise_accepts_what_only_rfc_8785_prints_so() -> None:
    """A whole float and keys beyond U+DFFF are canonical as RFC 8785 has them, though msgspec prints them otherwise."""
    odd = entry(2, metadata={"\U0001f600": 1, "\ue000": 2, "tiny": 1e-7})
    assert details(entry(1), odd, entry(3)) == []


def test_summarise_counts_records_with_a_signature() -> None:
    """A record that bears a producer's signature is counted."""
    assert summarise([entry(1), entry(2, signature={"alg": "ed25519"})], origin=ORIGIN).signed == 1


def test_summarise_accepts_fields_of_a_later_version_when_they_are_canonical() -> None:
    """A field that this version does not know is nothing wrong."""
    assert details(entry(1, something_new={"b": 1, "a": 2})) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (b"", "not a record"),
        (b"[]", "not a record"),
        (b"\xff", "not a record"),
        (entry(5) + b"\n", "not canonical"),
        (entry(5).replace(b",", b", ", 1), "not canonical"),
        (entry(5).replace(b'"v":1', b'"v":1.0'), "not canonical"),
        (entry(5)[:-1] + b',"v":1}', "not canonical"),
        (entry(5, v=2), "schema version is 2"),
        (entry(5, log="example.com/other"), "belongs to the log 'example.com/other'"),
        (entry(5, id="01980000-0000-4000-8000-000000000005"), "not a UUIDv7"),
        (entry(5, id=7), "not a UUIDv7"),
        (entry(5, received_at="2026-07-22T10:00:00Z"), "not a time in normal form"),
        (entry(5, received_at="2025-07-22T10:00:00.000000Z"), "is before that of an earlier record"),
        (entry(5, producer={"id": "p"}), "producer is not of the form"),
        (entry(5, producer="p"), "producer is not of the form"),
    ],
)
def test_summarise_names_the_record_that_is_wrong(wrong: bytes, said: str) -> None:
    """What is wrong with one record is said of that one, and the others are read all the same."""
    entries = [entry(4), wrong, entry(6)]
    summary = summarise(entries, origin=ORIGIN)
    assert {fault.offset for fault in summary.faults} == {1}
    assert any(said in fault.detail for fault in summary.faults)
    assert id_text(summary.ids[:16]) == record(4)["id"]
    assert id_text(summary.ids[32:]) == record(6)["id"]


def test_summarise_is_not_fooled_by_entries_that_join_to_json() -> None:
    """Two entries that are one record only together are two faults, not a record."""
    whole = entry(1)
    assert [offset for offset, _ in details(whole[:40], whole[40:])][:2] == [0, 0] or len(details(whole[:40])) == 1
    assert {offset for offset, _ in details(whole[:40], whole[40:])} == {0, 1}


def test_summarise_is_not_fooled_by_an_entry_that_holds_two_records() -> None:
    """A line feed inside an entry is noticed, even when another entry makes the number of records right."""
    both = entry(1) + b"\n" + entry(2)
    assert {offset for offset, _ in details(both, b"")} == {0, 1}


def test_event_id_of_finds_the_id_of_whatever_can_be_read() -> None:
    """The id helps to name an altered entry; where none can be read there is none."""
    assert event_id_of(entry(9)) == record(9)["id"]
    assert event_id_of(b"{") is None
    assert event_id_of(b'{"id":"nonsense"}') is None
    assert id_text(NO_ID) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=4))
def test_summarise_finds_nothing_wrong_with_any_canonical_record(metadata: list[dict[str, Any]]) -> None:
    """Whatever JSON a producer sends, its canonical record is read without a fault."""
    entries = [entry(number, metadata=value, raw=[value]) for number, value in enumerate(metadata)]
    assert details(*entries) == []


@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 20))
def test_summarise_never_fails(noise: bytes, at: int, cut: int) -> None:
    """Any bytes at all are read without an exception, and give 16 bytes of id each."""
    whole = entry(1)
    damaged = whole[:at] + noise + whole[at + cut :]
    assert len(summarise([damaged, noise], origin=ORIGIN).ids) == 32


def test_record_shape_declares_the_fields_of_a_record_in_alphabetical_order() -> None:
    """The two declarations of a record agree: a field missing from the shape would make verification slow."""
    reserved = {"sealed", *declared.RESERVED_FIELDS}
    pairs: list[tuple[type[msgspec.Struct], type[msgspec.Struct]]] = [
        (record_shape.RecordShape, declared.Record),
        (record_shape.ActorShape, declared.Actor),
        (record_shape.OnBehalfOfShape, declared.OnBehalfOf),
        (record_shape.TargetShape, declared.Target),
        (record_shape.ContextShape, declared.Context),
        (record_shape.ProducerShape, declared.Producer),
    ]
    for shape, full in pairs:
        assert list(shape.__struct_fields__) == sorted(shape.__struct_fields__)
        extra = reserved if shape is record_shape.RecordShape else set()
        assert set(shape.__struct_fields__) == set(full.__struct_fields__) | extra


def test_record_shape_nests_only_its_own_structs() -> None:
    """Every struct inside the shape is a shape too, so that its fields are printed in order."""
    for hint in get_type_hints(record_shape.RecordShape).values():
        for part in get_args(hint) if isinstance(hint, UnionType) else (hint,):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                assert part.__module__ == record_shape.__name__
