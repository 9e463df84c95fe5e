"""Preparation: what a request brings becomes records, all or none."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785

from indelible.errors import InvalidEvent, MalformedInput, TooLarge
from indelible.events import MAX_ENTRY, Event, Preparer, new_stamp, read_record
from indelible.events.record import Actor
from tests.unit.events.conftest import NOW_MS, ORIGIN, RECEIVED, Door, counted_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_record_is_the_event_and_what_the_server_asserts(door: Door, event: dict[str, Any]) -> None:
    """Nothing is added but version, id, times, outcome, writer and log; nothing is lost."""
    event |= {"id": ID, "occurred_at": "2026-01-01T01:00:00+01:00", "metadata": {"b": 1, "a": [None]}}
    (prepared,) = door.objects(event)
    assert (prepared.id, prepared.id_given) == (ID, True)
    assert prepared.id_bytes.hex() == ID.replace("-", "")
    assert door.record(prepared) == event | {
        "v": 1,
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "received_at": RECEIVED,
        "outcome": "success",
        "principal": "key:test",
        "log": ORIGIN,
    }


def test_absent_id_time_and_outcome_are_filled_in(door: Door, event: dict[str, Any]) -> None:
    """A made id bears the given time; the time of occurrence is that of reception; the outcome is success."""
    (prepared,) = door.ndjson(json.dumps(event).encode())
    record = door.record(prepared)
    assert not prepared.id_given
    assert record["id"] == prepared.id
    assert int(prepared.id[:8] + prepared.id[9:13], 16) == NOW_MS
    assert record["occurred_at"] == record["received_at"] == RECEIVED
    assert record["outcome"] == "success"


def test_given_outcome_stays(door: Door, event: dict[str, Any]) -> None:
    """A default never replaces what was said."""
    (prepared,) = door.objects(event | {"outcome": "denied"})
    assert door.record(prepared)["outcome"] == "denied"


def test_ids_made_in_one_request_ascend_among_given_ones(door: Door, event: dict[str, Any]) -> None:
    """Events keep their order, given ids stay with their events, made ones sort as they were sent."""
    body = b"\n".join(json.dumps(event | extra).encode() for extra in [{}, {"id": ID}, {}, {}])
    prepared = door.ndjson(body)
    assert [one.id_given for one in prepared] == [False, True, False, False]
    assert prepared[1].id == ID
    made = [prepared[place].id for place in (0, 2, 3)]
    assert made == sorted(set(made))


def test_every_door_gives_the_same_record(door: Door, event: dict[str, Any]) -> None:
    """One event, whether alone, in an array, in a stream, or as Python objects, makes one entry."""
    event |= {"id": ID, "occurred_at": "2026-01-01T00:00:00Z", "metadata": {"é": [1, {"x": '\\"\n'}]}}
    body = json.dumps(event).encode()
    spaced = json.dumps(event, indent=2, ensure_ascii=False).encode()
    typed: Event[Any] = Event(
        action=event["action"],
        actor=Actor(type="user", id="ada"),
        id=ID,
        occurred_at=event["occurred_at"],
        metadata=event["metadata"],
    )
    entries = {
        door.entry(prepared)
        for answer in (
            door.json(body),
            door.json(spaced),
            door.json(b" [\n" + spaced + b" , " + body + b"]\n"),
            door.ndjson(body),
            door.ndjson(body + b"\n" + body + b"\n"),
            door.ndjson(b"  " + body + b"\r\n\t" + body + b" \r\n"),
            door.objects(event, typed),
        )
        for prepared in answer
    }
    assert len(entries) == 1
    assert read_record(entries.pop()).metadata == event["metadata"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": 1, "b": "x", "c": [True, None, {}]},
        {"amount": 12.5, "rate": -0.001},
        {"whole": 10.0, "zero": -0.0, "big": 1e15},
        {"tiny": 1e-6, "tinier": 5e-324},
        {"\ue000": 1, "\U0001f600": 2, "z": 3},
        {"text": "\U0001f600 \ue000"},
        {"text": '\x01\x1f\x7f\u2028/"\\ \\u0022 $sealed'},
    ],
)
def test_entries_are_rfc_8785(door: Door, event: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Whatever way an event takes, its entry is the canonical form of its record."""
    event |= {"id": ID, "metadata": metadata, "raw": metadata}
    for ascii_only in (True, False):
        body = json.dumps(event, ensure_ascii=ascii_only).encode()
        for prepared in (*door.json(body), *door.ndjson(body + b"\n" + body), *door.objects(event)):
            entry = door.entry(prepared)
            record = json.loads(entry)
            assert rfc8785.dumps(record) == entry
            assert record["metadata"] == metadata
            assert len(entry) == len(prepared.template)


def test_repeated_keys_are_found_among_thousands(door: Door, event: dict[str, Any]) -> None:
    """One bad line of 10,000 refuses the request and is named; so does one in an array."""
    good = json.dumps(event | {"metadata": {"a": 1}}).encode()
    bad = good.replace(b'"a": 1', b'"a": 1, "a": 1')
    lines = [good] * 10_000
    lines[7_777] = bad
    for prepare, body in ((door.ndjson, b"\n".join(lines)), (door.json, b"[" + b",".join(lines) + b"]")):
        with pytest.raises(MalformedInput) as caught:
            prepare(body)
        assert [place.pointer for place in caught.value.places] == ["/7777/metadata/a"]


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        (b'"action"', b'"action": "x", "action"', "/action"),
        (b'"actor"', b'"actor": {"type": "a", "id": "b"}, "actor"', "/actor"),
        (b'"type"', b'"type": "x", "type"', "/actor/type"),
        (b'"type"', b'"\\u0074ype": "x", "type"', "/actor/type"),
        (b'{"a"', b'{"a": "\\u0022\\u0022\\u0022", "a"', "/metadata/a"),
        (b'{"a"', b'{"a": {"x": "\\\\u0022\\""}, "a"', "/metadata/a"),
        (b'{"a"', b'{"a": [], "b": 2.5, "a"', "/metadata/a"),
        (b'{"a"', b'{"a": [], "b": 2.0, "\xf0\x9f\x98\x80": 1, "a"', "/metadata/a"),
        (b'{"a"', b'{"a": [{"c": 1, "d": {"e": 1, "e": 1}}], "q"', "/metadata/a/0/d/e"),
    ],
)
def test_repeated_keys_are_found_however_spelled(
    door: Door, event: dict[str, Any], old: bytes, new: bytes, pointer: str
) -> None:
    """On every way through, for known fields and free-form ones, with escapes that balance the quotes."""
    body = json.dumps(event | {"metadata": {"a": 1}}).encode().replace(old, new, 1)
    with pytest.raises(MalformedInput) as caught:
        door.json(body)
    assert [place.pointer for place in caught.value.places] == [pointer]
    with pytest.raises(MalformedInput):
        door.ndjson(body)


def test_one_bad_line_in_ten_thousand_refuses_all_and_is_named(door: Door, event: dict[str, Any]) -> None:
    """Native appends are all or nothing."""
    lines = [json.dumps(event).encode()] * 10_000
    lines[5_000] = b'{"action":"x","actor":{"type":"user"}}'
    with pytest.raises(InvalidEvent) as caught:
        door.ndjson(b"\n".join(lines))
    assert [place.pointer for place in caught.value.places] == ["/5000/actor/id"]


def test_many_bad_lines_are_named_up_to_a_hundred(door: Door) -> None:
    """The answer to a hopeless request is bounded."""
    with pytest.raises(InvalidEvent) as caught:
        door.ndjson(b'{"action":"x"}\n' * 10_000)
    assert len(caught.value.places) == 100
    assert caught.value.places[99].pointer == "/99/actor"


def test_malformed_goes_before_invalid(door: Door) -> None:
    """What is not JSON has no meaning: it is answered as such even when other lines are merely invalid."""
    with pytest.raises(MalformedInput) as caught:
        door.ndjson(b'{"action":"x"}\n{"action":}\n')
    assert [place.pointer for place in caught.value.places] == ["/1"]


@pytest.mark.parametrize(
    "arrange",
    [
        lambda one: one + b"\n\n" + one,
        lambda one: b"\n" + one,
        lambda one: one + b"\n\n",
        lambda one: one + b"\n \t\n" + one,
        lambda _: b"",
        lambda _: b"\n",
    ],
    ids=["between", "before", "after", "blanks", "nothing", "only"],
)
def test_empty_lines_are_refused(door: Door, event: dict[str, Any], arrange: Callable[[bytes], bytes]) -> None:
    """One event a line, and one line feed after the last: an empty line is a sign that something was lost."""
    with pytest.raises(MalformedInput, match="empty"):
        door.ndjson(arrange(json.dumps(event).encode()))


@pytest.mark.parametrize("join", [b"", b" ", b",", b"}\n{"])
def test_lines_hold_one_object_each(door: Door, event: dict[str, Any], join: bytes) -> None:
    """Two objects on a line, or one over two lines, are no stream of lines, even when the numbers add up."""
    one = json.dumps(event).encode()
    with pytest.raises(MalformedInput):
        door.ndjson(one + join + one + b"\n")
    with pytest.raises(MalformedInput):
        door.ndjson(one + join + one + b"\n" + one.replace(b", ", b",\n", 1))
    many = [one] * 40
    assert len(door.ndjson(b"\n".join(many))) == 40
    with pytest.raises(MalformedInput):
        door.ndjson(b"\n".join([*many, one + join + one, one.replace(b", ", b",\n", 1)]))


@pytest.mark.parametrize("body", [b"", b"   ", b"nonsense", b"[", b"[{}", b"[{},]", b"{}{}", b"\xff", b"[\xff]"])
def test_what_is_not_json_is_malformed(door: Door, body: bytes) -> None:
    """Neither an object nor an array."""
    with pytest.raises(MalformedInput):
        door.json(body)


def test_empty_array_holds_no_events(door: Door) -> None:
    """Nothing to record is not a mistake."""
    assert door.json(b" [ ] ") == []
    assert door.objects() == []


def test_bounds_on_an_entry_are_exact(door: Door, event: dict[str, Any]) -> None:
    """65,535 bytes fit, one more is refused with its place and the remedy, on every way through."""
    event |= {"id": ID}
    (prepared,) = door.objects(event | {"metadata": {"x": ""}})
    room = MAX_ENTRY - len(prepared.template)
    good, bad = ({**event, "metadata": {"x": "y" * size}} for size in (room, room + 1))
    (largest,) = door.objects(good)
    assert len(door.entry(largest)) == MAX_ENTRY
    for exotic in ({}, {"\ue000": 1}):
        bad["metadata"] |= exotic
        body = json.dumps(bad).encode()
        ways: list[Callable[[], object]] = [
            partial(door.ndjson, json.dumps(good).encode() + b"\n" + body),
            partial(door.json, b"[" + json.dumps(good).encode() + b"," + body + b"]"),
            partial(door.objects, good, bad),
        ]
        for prepare in ways:
            with pytest.raises(TooLarge, match="attach it by hash") as caught:
                prepare()
            assert (caught.value.limit, caught.value.pointer) == (MAX_ENTRY, "/1")
        with pytest.raises(TooLarge, match="the event makes"):
            door.json(body)


def test_number_of_events_is_bounded(event: dict[str, Any]) -> None:
    """A request over the limit is refused with the limit; one at the limit is taken."""
    door = Door(Preparer(origin=ORIGIN, stamp=new_stamp(counted_bytes()), max_events=3))
    one = json.dumps(event).encode()
    assert len(door.ndjson(b"\n".join([one] * 3))) == 3
    assert len(door.json(b"[" + b",".join([one] * 3) + b"]")) == 3
    ways: list[Callable[[], object]] = [
        lambda: door.ndjson(b"\n".join([one] * 4)),
        lambda: door.ndjson(b"\n" * 10),
        lambda: door.json(b"[" + b",".join([one] * 4) + b"]"),
        lambda: door.json(b"[" + b",".join([b"0"] * 4) + b"]"),
        lambda: door.objects(event, event, event, event),
    ]
    for prepare in ways:
        with pytest.raises(TooLarge, match="send it in parts") as caught:
            prepare()
        assert caught.value.limit == 3


@pytest.mark.parametrize("principal", ['key:"quoted"', "\\", "öidc:søren", "\U0001f600", "a\nb", ""])
@pytest.mark.parametrize("origin", ["example.com/log", 'a"b'])
def test_any_principal_and_origin_keep_the_fast_way_exact(event: dict[str, Any], principal: str, origin: str) -> None:
    """What the server adds is accounted for to the quote: good events pass, a repeated key is found."""
    preparer = Preparer(origin=origin, stamp=new_stamp(counted_bytes()))
    door = Door(preparer, principal)
    body = json.dumps(event).encode()
    (prepared,) = door.ndjson(body)
    entry = door.entry(prepared)
    assert rfc8785.dumps(json.loads(entry)) == entry
    assert json.loads(entry)["principal"] == principal
    with pytest.raises(MalformedInput):
        door.ndjson(body.replace(b'"id"', b'"id":"x","id"'))


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), "\ud800", {"a": {1: 2}}, 2**64])
def test_python_values_that_are_not_json_are_refused(door: Door, event: dict[str, Any], value: Any) -> None:
    """In a dictionary as in a typed event; nothing is converted behind the caller's back."""
    with pytest.raises(InvalidEvent):
        door.objects(event | {"metadata": {"x": value}})
    typed: Event[Any] = Event(action="a", actor=Actor(type="u", id="1"), metadata={"x": value})
    if not isinstance(value, set | dict):  # msgspec makes a set an array, and a key 1 the key "1", in its own structs
        with pytest.raises(InvalidEvent):
            door.objects(typed)


def test_tuples_are_arrays(door: Door, event: dict[str, Any]) -> None:
    """The one Python type beyond those of JSON that means just one thing."""
    (prepared,) = door.objects(event | {"tags": ("a",), "metadata": {"x": (1, (2.0, "y"))}})
    record = door.record(prepared)
    assert (record["tags"], record["metadata"]) == (["a"], {"x": [1, [2, "y"]]})


def test_an_endless_unknown_field_is_refused_at_once(door: Door, event: dict[str, Any]) -> None:
    """No time is spent on what it might have meant."""
    with pytest.raises(InvalidEvent, match="unknown field") as caught:
        door.objects(event | {"metadata_" * 7_000: 1})
    assert len(str(caught.value)) < 1_000


def test_python_values_that_never_end_are_refused(door: Door, event: dict[str, Any]) -> None:
    """A structure that holds itself is too deep."""
    metadata: dict[str, Any] = {}
    metadata["self"] = metadata
    for endless in (
        event | {"metadata": metadata},
        Event(action="a", actor=Actor(type="u", id="1"), metadata=metadata),
    ):
        with pytest.raises(InvalidEvent):
            door.objects(endless)


def test_stamp_is_random_and_of_the_width_of_a_time() -> None:
    """Two processes have two stamps; a wrong one is refused at once."""
    first, second = new_stamp(lambda size: b"\x01" * size), new_stamp(lambda size: b"\x02" * size)
    assert first != second
    assert len(first) == len(RECEIVED)
    for wrong in (b"", b"x" * 26, b"x" * 28, b'"' * 27):
        with pytest.raises(ValueError, match="stamp"):
            Preparer(origin=ORIGIN, stamp=wrong)


def test_finish_replaces_the_stamp_wherever_it_stands(door: Door, event: dict[str, Any]) -> None:
    """The time of reception stands in both of its places, and the stamp nowhere."""
    (prepared,) = door.objects(event)
    assert prepared.template.count(door.preparer.stamp) == 2
    entry = door.entry(prepared)
    assert entry.count(RECEIVED.encode()) == 2
    assert door.preparer.stamp not in entry
