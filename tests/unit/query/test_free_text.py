"""Free text, found in a record's strings and in the bytes that canonical JSON makes of them."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record
from indelible.query import free_text
from indelible.query.free_text import TextMatcher, strings_of


def test_strings_of_gives_values_and_names_at_any_depth() -> None:
    """Names of members are strings of the record; numbers and literals are not."""
    assert sorted(strings_of({"a": ["b", {"c": "d"}, [["e"]], 1, True, None, 0.5], "f": {}})) == list("abcdef")
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    assert strings_of(deep) == ["x"]


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("NEEDLE", "a needle b", True),
        ("needle", "a NeEdLe b", True),
        ("k", "\u212a", False),  # the Kelvin sign: ASCII folds ASCII only
        ("éK", "É\u212a", True),
        ("ÉCOLE", "une école", True),
        ("\u0130", "i\u0307", True),
        ("straße", "STRASSE", False),
        ("\u03a3", "\u0391\u03a3", False),  # the capital sigma alone is not final, at the end of a word it is
        ("\u0391\u03a3", "\u0391\u03a3 ", True),
        ("\u03c3", "\n\u03a3", True),  # in JSON's bytes it would follow the letter n, and be final
        ('say "x"', 'I say "X"!', True),
        ("\\n", "\\N", True),
        ("\\n", "\n", False),
        ("n", "\n", False),
        ("b", "\b", False),
        ("nx", "\nx", False),
        ("a\nb", "A\nB", True),
        ("001F", "\x1f", False),
        ("\x1f", "\x1f", True),
        ("true", True, False),
        ("true", "untrue", True),
        ("125", 1250, False),
        ("1.5e", "1.5E0", True),
        ("null", None, False),
        ('","', ["a", "b"], False),
        (",", ["a", "b"], False),
        (":", {"a": "b"}, False),
        ("ab", ["a", "b"], False),
        ("key", {"a Key": 1}, True),
    ],
)
def test_text_matcher_looks_into_strings_only(text: str, value: Any, found: bool) -> None:
    """One string holds it: not a number or literal, not what stands between strings, not their escapes."""
    record = {"x": value}
    matcher = TextMatcher(text)
    assert matcher.in_record(record) is found
    assert matcher.in_entry(canonical_json(record)) is found
    assert matcher.prefilter(b"\x00\x0f" + canonical_json(record) + b"\xc3{}") or not found


@pytest.mark.parametrize("text", ["", "\ud800"])
def test_text_matcher_refuses_what_is_no_text(text: str) -> None:
    """The empty text would be everywhere; half a pair is no character."""
    with pytest.raises(ValueError, match=r".+"):
        TextMatcher(text)


@pytest.mark.parametrize("text", ["lovelace", "ada lo", "Müller", "東京"])
def test_text_matcher_decodes_no_entry_that_it_need_not(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that could be nowhere but in a string is found, and not found, by looking at bytes alone."""

    def decode(_entry: bytes) -> dict[str, Any]:
        raise AssertionError

    monkeypatch.setattr(free_text, "decode_record", decode)
    matcher = TextMatcher(text)
    assert matcher.in_entry(canonical_json({"a": "Ada Lovelace", "b": "Müller", "c": "東京"}))
    assert not matcher.in_entry(canonical_json({"a": "Charles", "b": "Bäcker", "n": "\n", "c": "京都"}))


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ('say "hello" to Lovelace\n', 0),
        ('"lovelace"', 1),
        ("\nlovelace\tLovelace", 1),
        ("\nlovelace" * 9 + " lovelace", 2),
    ],
)
def test_text_matcher_decodes_where_an_escape_may_have_begun(
    value: str, decoded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other escapes of an entry do not matter, and one place that is sure is enough."""
    asked: list[bytes] = []

    def decode(entry: bytes) -> dict[str, Any]:
        asked.append(entry)
        return decode_record(entry)

    monkeypatch.setattr(free_text, "decode_record", decode)
    matcher = TextMatcher("lovelace")
    assert matcher.in_entry(canonical_json({"a": value}))
    assert matcher.in_entry(canonical_json({"a": value, "b": "ada lovelace"}))
    assert len(asked) == decoded


def test_text_matcher_relies_on_what_unicode_says() -> None:
    """Over all characters: the lower case of one holds a fixed character only where its bytes do, lower-cased."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        lower = character.lower()
        if lower != character and not character.isascii():
            fixed = [one for one in lower if free_text._is_fixed(one)]
            assert fixed == [], (hex(code), lower)


def test_an_entry_that_is_no_record_holds_what_its_bytes_hold() -> None:
    """Whoever looks for what somebody has broken meets it."""
    assert TextMatcher("ada").in_entry(b'{"actor":{"id":"ada"')
    assert TextMatcher("n\u00e4he \\").in_entry('{"a":"N\u00c4HE \\\\'.encode())
    assert not TextMatcher("ada").in_entry(b'{"actor":{"id":"eve"')
