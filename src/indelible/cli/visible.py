"""Text from elsewhere, made safe to show.

Events, file names and servers' answers may hold anything, and a terminal obeys control characters: it can be made to
hide lines, to rename its window, in some to type commands. Nothing that did not originate here reaches a terminal raw:
control characters, and the marks that turn text around or break lines unseen, are shown as escapes.
"""

from __future__ import annotations

import re

import msgspec

__all__ = ["ascii_json", "json_line", "shortened", "visible"]

_SHORT = 100

# C0, DEL, C1, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates, zero-width and
# invisible characters, the byte order mark, and Unicode tags (which some programs read and no terminal shows).
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_JSON_UNSAFE = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: object, *, lines: bool = False) -> str:
    r"""The text with every unsafe character as an escape, ``\x1b`` or ``\u202e``; ``lines`` keeps line feeds."""

    def escaped(match: re.Match[str]) -> str:
        character = match[0]
        if character == "\n" and lines:
            return character
        code = ord(character)
        if code <= 0xFF:
            return f"\\x{code:02x}"
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

    return _UNSAFE.sub(escaped, str(text))


def shortened(text: str) -> str:
    """A long text for people: its beginning, and how much more there is. Programs get all of it, by ``--json``."""
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}… ({len(text):,} characters)"


def json_line(value: object) -> str:
    """A value as one line of JSON. The escapes are JSON's own, so a program reads exactly the value."""
    return _JSON_UNSAFE.sub(_json_escape, msgspec.json.encode(value).decode())


def ascii_json(line: str) -> str:
    """The same JSON in ASCII alone, for a stream that takes no more."""
    return re.sub("[^\x00-\x7f]", _json_escape, line)


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
