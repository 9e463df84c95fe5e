"""Free text: whether a text stands within one of a record's strings, names of members included, case aside.

The meaning is :meth:`TextMatcher.in_record`, over the decoded record. :meth:`TextMatcher.in_entry` answers alike from
an entry's RFC 8785 bytes, mostly without decoding them: canonical JSON has one way to write each character, so a text
that an entry's strings hold is a run of its bytes. :meth:`TextMatcher.prefilter` asks only that much, of any bytes that
hold whole entries, such as an entry bundle.

Case: where the text is ASCII, ``A`` to ``Z`` equal ``a`` to ``z`` and nothing else; else both sides are lower-cased as
Python does it (``str.lower``), whose only dependence on context is the Greek final sigma.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from indelible.errors import FormatError
from indelible.events.canonical import canonical_json
from indelible.events.record import decode_record

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TextMatcher", "strings_of"]

_ESCAPED_BYTES: Final = b"\\"
_LONGEST_ESCAPE: Final = 6
"""Bytes: a backslash, ``u`` and four digits."""
_PLACES_LOOKED_AT: Final = 4
_SYNTAX: Final = frozenset('{}[],:"+-.0123456789truefalsn')
"""What stands outside of strings in canonical JSON, in lower case: brackets, numbers, ``true``, ``false``, ``null``."""
_NOT_FOLDED_BY_BYTES: Final = frozenset("ik")
"""ASCII characters that ``str.lower`` makes of others: U+0130 becomes ``i`` with a dot above, the Kelvin sign ``k``."""
_COMBINING_DOT: Final = "\u0307"
_SIGMA: Final = "\u03c3"
_FINAL_SIGMA: Final = "\u03c2"
_UNFIXED: Final = "\ud800"
"""Stands in no text."""


def strings_of(value: object) -> list[str]:
    """Every string within a JSON value: values and the names of members, in no particular order."""
    found: list[str] = []
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            found.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return found


class TextMatcher:
    """Looks for one text. Immutable; any thread may use it.

    Args:
        text: What to look for; not empty.

    Raises:
        ValueError: it is empty, or holds half of a surrogate pair.
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError("the empty text is in every string; leave it out")
        self._text = text.lower()
        self._is_ascii = text.isascii()
        self._folded = self._text.encode()
        escaped = canonical_json(self._text).decode()[1:-1]
        self._escaped = _without_context(escaped)
        self._anchor = escaped.encode() if self._is_ascii else _longest_anchor(escaped)
        self._is_inside = not _SYNTAX.issuperset(escaped)

    @property
    def anchor(self) -> bytes:
        """Bytes without capitals of ASCII that every entry with the text holds, its own such capitals lower-cased.

        For those who look through many entries at once; empty where there is nothing that surely stands there.
        """
        return self._anchor

    def in_record(self, record: Mapping[str, Any]) -> bool:
        """Whether a decoded record holds the text."""
        return any(map(self._in_string, strings_of(record)))

    def in_entry(self, entry: bytes) -> bool:
        """Whether the record in ``entry``, which is canonical JSON, holds the text.

        An entry that is no record any more holds what its bytes hold: whoever looks for it should meet it.
        """
        # What is found is within one string when part of it can be nowhere else: there is no quote in it (it would be
        # an escape), so it ends no string. An escape in the entry may hold letters that its string does not.
        if self._is_ascii:
            lower = entry.lower()
            if self._anchor not in lower:
                return False
            if self._is_inside and (_ESCAPED_BYTES not in lower or self._stands_in(lower)):
                return True
        elif not self.prefilter(entry):
            return False
        elif self._is_inside and _ESCAPED_BYTES not in entry and _SIGMA not in self._escaped:
            return True
        try:
            return self.in_record(decode_record(entry))
        except FormatError:
            return True

    def prefilter(self, data: bytes) -> bool:
        """Whether an entry within ``data`` may hold the text. Whole entries, and anything between them.

        Never a false no: a yes may be one, and :meth:`in_entry` knows.
        """
        if self._anchor and self._anchor not in data.lower():
            return False
        if self._is_ascii:
            return True
        # Bytes between entries (their lengths) may make no text; then they are replaced, and nothing beside them is.
        return self._escaped in _without_context(data.decode(errors="replace").lower())

    def _stands_in(self, lower: bytes) -> bool:
        """Whether an entry, lower-cased, surely holds the text, which is ASCII, and can be nowhere but in strings.

        Where no escape can have begun right before, what is found begins with a character of its string. Only some
        places are looked at: there may be as many as bytes, and each costs what the text is long.
        """
        at = lower.find(self._anchor)
        for _ in range(_PLACES_LOOKED_AT):
            if at < 0:
                break
            if _ESCAPED_BYTES not in lower[max(at - _LONGEST_ESCAPE + 1, 0) : at]:
                return True
            at = lower.find(self._anchor, at + 1)
        return False

    def _in_string(self, string: str) -> bool:
        if self._is_ascii and not string.isascii():
            return self._folded in string.encode().lower()  # bytes fold A to Z only
        return self._text in string.lower()


def _without_context(lower: str) -> str:
    """A text in lower case, in which no character depends on its neighbours any longer."""
    return lower.replace(_FINAL_SIGMA, _SIGMA)


def _longest_anchor(escaped: str) -> bytes:
    """The longest run of ``escaped`` whose bytes stand, ASCII lower-cased, wherever the text stands in any case."""
    fixed = "".join(character if _is_fixed(character) else _UNFIXED for character in escaped)
    return max((run.encode() for run in fixed.split(_UNFIXED)), key=len)


def _is_fixed(character: str) -> bool:
    """Whether no other character than itself, and of ASCII its capital, has ``character`` in its lower case."""
    if character.isascii():
        return character not in _NOT_FOLDED_BY_BYTES
    return character.lower() == character.upper() == character != _COMBINING_DOT
