"""Questions about bytes: their answers must never err towards trust."""

from __future__ import annotations

import json

import pytest

from indelible.events.bytescan import count_quotes, hides_something, is_one_per_line, may_sort_otherwise

LONG = b" " * 5000


@pytest.mark.parametrize("padding", [b"", LONG])
def test_count_quotes_counts_each(padding: bytes) -> None:
    """Short and long inputs are counted alike."""
    assert count_quotes(padding) == 0
    assert count_quotes(b'"' + padding + b'"a"\\""') == 5


@pytest.mark.parametrize("body", [b"\\u0000", b"\\u0022", b"\\u0024sealed", b'{"$sealed":1}', b"x\\\\u0022"])
def test_hiding_places_are_seen(body: bytes) -> None:
    """Escapes that spell NUL, a quote or a dollar, and the reserved key; a false alarm is allowed."""
    assert hides_something(b'{"a":"' + body + b'"}')


@pytest.mark.parametrize("body", [b"", b'{"a":"\\n\\u00e9 $ 5"}', b'"\\u000a"', "é😀".encode()])
def test_ordinary_bodies_hide_nothing(body: bytes) -> None:
    """Escapes, dollars and other alphabets are ordinary."""
    assert not hides_something(body)


@pytest.mark.parametrize("point", [0xE000, 0xFB33, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF])
def test_characters_that_sort_otherwise_are_seen(point: int) -> None:
    """Every character from U+E000 on, literal or escaped in either case."""
    character = chr(point)
    assert may_sort_otherwise(character.encode())
    assert may_sort_otherwise(json.dumps(character).encode())
    assert may_sort_otherwise(json.dumps(character).upper().replace("\\U", "\\u").encode())


@pytest.mark.parametrize("character", ["", "a", "\x7f", "é", "€", "\ud7ff", "\\d"])
def test_characters_that_sort_alike_pass(character: str) -> None:
    """Everything below the surrogates sorts alike."""
    assert not may_sort_otherwise(character.encode())


@pytest.mark.parametrize("object_", [b"{}", b'{"a":"' + b"x" * 200 + b'"}'])
@pytest.mark.parametrize("count", [1, 2, 60])
def test_one_object_a_line_is_recognised(object_: bytes, count: int) -> None:
    """With or without a last line feed, in short and long bodies; and nothing else is."""
    body = b"\n".join([object_] * count)
    assert is_one_per_line(body, count)
    assert is_one_per_line(body + b"\n", count)
    assert not is_one_per_line(body, count + 1)
    for wrong in (body + b"\n\n", b"\n" + body, body + b"\n "):
        assert not is_one_per_line(wrong, count)
    for wrong in (body + object_ + b"\n", b"\n" + body + object_, body + b"\r\n" + object_, body + b"\n " + object_):
        assert not is_one_per_line(wrong, count + 1)
