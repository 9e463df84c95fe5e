"""Text from elsewhere on a terminal: nothing that a terminal obeys, and nothing lost."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.cli.visible import json_line, shortened, visible

_ANY = st.text(st.characters(codec=None), max_size=50)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


def _obeyed(character: str) -> bool:
    """Whether a terminal may act upon it, or show the text around it otherwise than it stands."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _HARMLESS


# Format characters that only join or shape letters within a word, and the soft hyphen.
_HARMLESS = frozenset(
    character
    for character in map(chr, range(0x110000))
    if unicodedata.category(character) == "Cf"
    and not (
        0x200B <= ord(character) <= 0x200F
        or 0x2028 <= ord(character) <= 0x202E
        or 0x2060 <= ord(character) <= 0x206F
        or 0xE0000 <= ord(character) <= 0xE007F
        or 0xFFF9 <= ord(character) <= 0xFFFB
        or character in "\u061c\ufeff"
    )
)


@given(_ANY)
def test_visible_leaves_nothing_that_a_terminal_obeys(text: str) -> None:
    """Control characters, separators, surrogates and the marks that turn text around become escapes."""
    assert not any(_obeyed(character) for character in visible(text))
    kept = visible(text, lines=True)
    assert not any(_obeyed(character) for character in kept.replace("\n", ""))
    assert kept.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ä日本 €", "ä日本 €"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("\U000e0041", "\\U000e0041"),
        ("\t", "\\x09"),
    ],
)
def test_visible_keeps_what_is_plain(text: str, shown: str) -> None:
    """Letters of any script stay as they are."""
    assert visible(text) == shown


@given(_JSON)
def test_json_line_is_one_safe_line_that_reads_back_equal(value: object) -> None:
    """Escaping is JSON's own: a program reads exactly the value, and a terminal obeys none of it."""
    line = json_line(value)
    assert json.loads(line) == value
    assert not any(_obeyed(character) for character in line)


def test_shortened_says_how_much_is_hidden() -> None:
    """A long key is cut for people, and the cut is visible."""
    assert shortened("x" * 100) == "x" * 100
    assert shortened("x" * 101) == "x" * 100 + "… (101 characters)"
