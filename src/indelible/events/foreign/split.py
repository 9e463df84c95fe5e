"""The elements of a JSON array, each as the bytes that stand there.

An original is pinned by a hash, in some cases of its very bytes, and one element that no reader can make sense of (half
a surrogate pair, an endless number) must not cost its neighbours: so the array is only cut apart here, by the standard
library's scanner, and nothing is judged.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from indelible.errors import MalformedInput, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["split_array", "split_member"]

_SPACE = re.compile(r"[ \t\n\r]*")


def split_array(document: bytes) -> list[tuple[str, bytes]]:
    """The elements of a document that is an array, with their JSON pointers.

    Raises:
        MalformedInput: when it is not.
    """
    scanner = _Scanner(document, "an array")
    elements = list(scanner.elements(""))
    scanner.end()
    return elements


def split_member(document: bytes, name: str) -> list[tuple[str, bytes]]:
    """The elements of the array that is member ``name`` of a document that is an object, with their JSON pointers.

    Raises:
        MalformedInput: when there is no such member, or more than one.
    """
    scanner = _Scanner(document, f"an object with {name}, an array")
    found: list[list[tuple[str, bytes]]] = []
    for key in scanner.members():
        if key == name:
            found.append(list(scanner.elements(f"/{name}")))
        else:
            scanner.skip()
    scanner.end()
    if not found:
        raise scanner.wrong(f"it has no {name}")
    if len(found) > 1:
        raise MalformedInput(f"{name} occurs more than once; keep one")
    return found[0]


class _Scanner:
    """A place in a JSON text."""

    def __init__(self, document: bytes, expected: str) -> None:
        self._expected = expected
        try:
            self._text = document.decode()
        except UnicodeDecodeError as error:
            raise MalformedInput(f"not UTF-8 at byte {error.start}: {error.reason}") from None
        # Numbers stay texts: an endless one is the business of whoever reads that element.
        self._decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
        self._at = 0
        self._skip_space()

    def wrong(self, why: str | None = None) -> MalformedInput:
        """What to raise: at this place, unless ``why`` says what is wrong with the whole."""
        detail = f"expected {self._expected}; {why or f'it is not, at character {self._at}'}"
        return MalformedInput(detail, places=[Place("", detail)])

    def members(self) -> Iterator[str]:
        """The keys of the object here; the caller takes or skips each value before asking for the next."""
        for _ in self._items("{", "}"):
            key = self._value()
            if not isinstance(key, str):
                raise self.wrong()
            self._take(":")
            yield key

    def elements(self, pointer: str) -> Iterator[tuple[str, bytes]]:
        """The elements of the array here."""
        for number in self._items("[", "]"):
            start = self._at
            self._value()
            yield f"{pointer}/{number}", self._text[start : self._at].rstrip(" \t\n\r").encode()

    def skip(self) -> None:
        """Passes over the value here."""
        self._value()

    def end(self) -> None:
        """Makes sure that nothing follows."""
        if self._at != len(self._text):
            raise self.wrong()

    def _items(self, opening: str, closing: str) -> Iterator[int]:
        self._take(opening)
        number = 0
        while not self._text.startswith(closing, self._at):
            if number:
                self._take(",")
            yield number
            number += 1
        self._take(closing)

    def _value(self) -> object:
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except (json.JSONDecodeError, RecursionError):
            raise self.wrong() from None
        self._skip_space()
        return value

    def _take(self, token: str) -> None:
        if not self._text.startswith(token, self._at):
            raise self.wrong()
        self._at += 1
        self._skip_space()

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
