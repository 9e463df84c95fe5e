"""JSON as it arrives: nothing is silently lost or mended, and each wrong place has a pointer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from indelible.errors import InvalidEvent, MalformedInput
from indelible.events.json_values import MAX_DEPTH, MAX_PLACES, Json, child, is_proper, json_problems, parse_json


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "not JSON"),
        (b"{", "column 2"),
        (b'{"a":1}\n{"b":2}', "line 2, column 1"),
        (b'{"a":1,}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\x01"}', "not JSON"),
        (b'{"a":"\\x"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8 at byte 6"),
        (b'{"a":"\xc0\x80"}', "not UTF-8 at byte 6"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
    ],
)
def test_parse_json_refuses_what_is_not_json(data: bytes, detail: str) -> None:
    """Syntax, encoding and the constants of other languages: refused, with the position."""
    with pytest.raises(MalformedInput, match=r".+") as caught:
        parse_json(data, "/7")
    (place,) = caught.value.places
    assert place.pointer == "/7"
    assert detail in place.detail


def test_parse_json_names_every_duplicate_key() -> None:
    """All repeated keys are found wherever they are, with escaped pointers, however they are spelled."""
    data = b'{"a":1,"b":[{"c/d":1,"c/d":{"x":1},"e":0}],"\\u0061":2,"f":{"~":1,"~":1,"~":1}}'
    with pytest.raises(MalformedInput) as caught:
        parse_json(data, "/3")
    assert {place.pointer for place in caught.value.places} == {"/3/a", "/3/b/0/c~1d", "/3/f/~0"}


def test_duplicate_keys_are_found_at_any_depth_that_can_be_read() -> None:
    """What the parser could read is searched without using up the stack."""
    for depth in range(850, 1000, 10):
        data = b'{"a":' * depth + b'{"b":1,"b":1}' + b"}" * depth
        with pytest.raises((MalformedInput, InvalidEvent)) as caught:
            parse_json(data)
        if isinstance(caught.value, MalformedInput):
            assert [place.pointer for place in caught.value.places] == ["/a" * depth + "/b"]


def test_parse_json_names_at_most_a_hundred_duplicates() -> None:
    """However many there are."""
    data = json.dumps([{"x": 0}] * 1000).replace('"x": 0', '"x": 0, "x": 0')
    with pytest.raises(MalformedInput) as caught:
        parse_json(data.encode())
    assert len(caught.value.places) == MAX_PLACES


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"1.0", 1),
        (b"1e3", 1000),
        (b"-0", 0),
        (b"-0.0", 0),
        (b"9007199254740991.0", 2**53 - 1),
        (b"1.5", 1.5),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b' [null,true,{"":""}] ', [None, True, {"": ""}]),
    ],
)
def test_parse_json_reads_integral_numbers_as_integers(data: bytes, value: Any) -> None:
    """A number's notation is not part of its value: 1, 1.0 and 1e0 are one number."""
    parsed = parse_json(data)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "number", [b"1e400", b"-1e400", b"9" * 5000, b"-" + b"9" * 5000, b"9007199254740992.0", b"1e16"]
)
def test_numbers_beyond_the_safe_range_are_found_in_any_notation(number: bytes) -> None:
    """2^53 and more is refused as integer, as float, and where it would be infinity; reading it is not costly."""
    (place,) = json_problems(parse_json(b'{"n":[' + number + b"]}"), "/0")
    assert place.pointer == "/0/n/0"
    assert "string" in place.detail


def test_parse_json_survives_endless_nesting() -> None:
    """Depth beyond the parser's own limit is the sender's mistake, not a crash."""
    with pytest.raises(InvalidEvent, match="32 levels"):
        parse_json(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    ("value", "pointer", "detail"),
    [
        ({"a": "x\0"}, "/a", "U+0000"),
        ({"x\0": 1}, "/x\0", "U+0000"),
        ({"a": ["\ud800"]}, "/a/0", "surrogate"),
        ({"\udc00": 1}, "/\udc00", "surrogate"),
        ({"a": {"$sealed": {}}}, "/a/$sealed", "reserved"),
        ({"a": 2**53}, "/a", "2^53"),
        ({"a": -(2**53)}, "/a", "2^53"),
        ({"a": math.nan}, "/a", "2^53"),
        ({"a": math.inf}, "/a", "2^53"),
        ({"a": b"x"}, "/a", "Python bytes"),
        ({"a": {1: 2}}, "/a/1", "strings"),
        ({"a": {"b/c~": [0, {"$sealed": 1}]}}, "/a/b~1c~0/1/$sealed", "reserved"),
    ],
)
def test_json_problems_names_the_place(value: Any, pointer: str, detail: str) -> None:
    """Each rule that holds for all JSON in an event is reported with its place."""
    (place,) = json_problems(value)
    assert place.pointer == pointer
    assert detail in place.detail
    assert not is_proper(value)


def _nested(levels: int, *, arrays: bool) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if arrays else {"a": value}
    return value


@pytest.mark.parametrize("arrays", [True, False])
def test_nesting_of_32_levels_is_the_last_allowed(arrays: bool) -> None:
    """The event is the first level; the 33rd is one too many."""
    assert json_problems(_nested(MAX_DEPTH, arrays=arrays)) == []
    assert is_proper(_nested(MAX_DEPTH, arrays=arrays))
    assert not is_proper(_nested(MAX_DEPTH + 1, arrays=arrays))
    (place,) = json_problems(_nested(MAX_DEPTH + 1, arrays=arrays))
    assert "32 levels" in place.detail
    assert place.pointer.count("/") == MAX_DEPTH


def test_json_problems_ends_on_a_cycle() -> None:
    """A Python structure that contains itself is too deep, and found so at once."""
    value: dict[str, Any] = {}
    value["self"] = [value]
    assert len(json_problems(value)) == 1
    assert not is_proper(value)


def test_json_problems_is_bounded() -> None:
    """A hundred places are enough for anyone."""
    assert len(json_problems(["\0"] * 1000)) == MAX_PLACES


def test_child_escapes_pointers() -> None:
    """RFC 6901: ~ becomes ~0, / becomes ~1."""
    assert child("/0", "a/b~c") == "/0/a~1b~0c"
    assert child("", 3) == "/3"
    assert child("", "k" * 128) == "/" + "k" * 128


def test_answers_do_not_grow_with_the_keys_of_the_input() -> None:
    """A hundred places under one endless key are told in a few kilobytes."""
    value: Json = {"k" * 1_000_000: ["\0"] * 100}
    assert sum(len(place.pointer) for place in json_problems(value)) < 20_000
