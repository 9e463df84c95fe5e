"""Canonical JSON: the vectors of RFC 8785, and what canonical JSON cannot hold."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from indelible.events.canonical import NotPlain, canonical_json, is_plain, make_plain

VECTORS: list[dict[str, str]] = json.loads((Path(__file__).parents[2] / "vectors" / "encodings.json").read_text())[
    "jcs"
]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["why"][:40] or vector["input_json"] for vector in VECTORS])
def test_canonical_json_gives_the_published_bytes(vector: dict[str, str]) -> None:
    """Each pair of the vectors comes out to the byte."""
    encoded = canonical_json(json.loads(vector["input_json"]))
    assert encoded == vector["canonical_utf8"].encode()
    assert hashlib.sha256(encoded).hexdigest() == vector["canonical_sha256"]


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        10**30,
        math.nan,
        math.inf,
        -math.inf,
        "\ud800",
        {"\udfff": 1},
        [{"a": "\udc00"}],
        {1: 2},
        b"a",
        {1},
    ],
)
def test_canonical_json_refuses_what_it_cannot_hold(value: Any) -> None:
    """Large integers, NaN, infinities, lone surrogates and values that are not JSON are errors, never guesses."""
    with pytest.raises(ValueError, match=r".+"):
        canonical_json(value)
    with pytest.raises(ValueError, match=r".+"):
        canonical_json({"inside": [value]})


def test_canonical_json_refuses_endless_depth() -> None:
    """Nesting beyond the interpreter's limit is an error of the value, not a crash."""
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="deep"):
        canonical_json(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"a": [1, "x", None, True, 1.5, {"é": -0.00001}]}, True),
        (2**53 - 1, True),
        (2**53, False),
        (1.0, False),
        (-0.0, False),
        (9e-6, False),
        (1e22, False),
        (math.nan, False),
        ({"\ud7ff": 1}, True),
        ({"\ue000": 1}, False),
        ({"\U0001f600": 1}, False),
        ({"a": "\U0001f600"}, True),
        ([[[{"a": {1: 2}}]]], False),
        ((1, 2), False),
    ],
)
def test_is_plain_vouches_for_what_msgspec_encodes_alike(value: Any, plain: bool) -> None:
    """Plain is what the fast encoder prints as RFC 8785 does."""
    assert is_plain(value) is plain


def test_make_plain_turns_integral_floats_into_integers() -> None:
    """1.0 becomes 1, at any depth, and the value's RFC 8785 bytes stay the same."""
    value: Any = {"a": [1.0, {"b": -3.0, "c": 2.5}], "d": True}
    before = rfc8785.dumps(value)
    after = make_plain(value, 1, 32)
    assert after == {"a": [1, {"b": -3, "c": 2.5}], "d": True}
    assert type(after["a"][0]) is int
    assert is_plain(after)
    assert canonical_json(after) == before


@pytest.mark.parametrize("value", [2**53, 1e300, 1e-6, {"\ue000": 1}, [[["deep"]]], {"a": {"b": {}}}])
def test_make_plain_hands_on_what_stays_out_of_the_ordinary(value: Any) -> None:
    """What cannot be made plain, or lies too deep, is reported and not touched up."""
    with pytest.raises(NotPlain):
        make_plain(value, 1, 2)
