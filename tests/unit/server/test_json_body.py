"""JSON bodies that administer."""

from __future__ import annotations

import pytest
from msgspec import Struct

from indelible.errors import MalformedInput
from indelible.server.json_body import decode
from indelible.server.problem import Refusal


class Inner(Struct, forbid_unknown_fields=True):
    n: int


class Outer(Struct, forbid_unknown_fields=True):
    name: str
    inner: list[Inner] = []


def test_decode_reads_the_form() -> None:
    """What is right is read."""
    assert decode(b'{"name": "x", "inner": [{"n": 1}]}', Outer) == Outer("x", [Inner(1)])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": "x"} {}',
        b"\xff",
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "x", "name": "y"}',
        b'{"name": "x", "inner": [{"n": 1, "n": 1}]}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
    ],
)
def test_decode_refuses_what_has_no_meaning(body: bytes) -> None:
    """Syntax, encoding, keys that stand twice, endless depth: 400."""
    with pytest.raises(MalformedInput):
        decode(body, Outer)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"null", ""),
        (b"{}", ""),
        (b'{"name": 1}', "/name"),
        (b'{"name": null}', "/name"),
        (b'{"name": "x", "inner": [{"n": 1}, {"n": "1"}]}', "/inner/1/n"),
        (b'{"name": "x", "inner": [{"n": 1.5}]}', "/inner/0/n"),
        (b'{"name": "x", "extra": 1}', ""),
        (b'{"name": "x", "inner": [{"n": 1, "m": 1}]}', "/inner/0"),
    ],
)
def test_decode_names_the_place(body: bytes, pointer: str) -> None:
    """JSON of another form: 422, with a pointer to the place; nothing is converted silently."""
    with pytest.raises(Refusal) as refusal:
        decode(body, Outer)
    assert (refusal.value.status, refusal.value.pointer) == (422, pointer)
