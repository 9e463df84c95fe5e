"""JSON as it arrives: parsed without losing what must be refused, and checked against the rules for every value.

The rules (the same for an event's own fields and for the producer's free-form JSON): UTF-8; no duplicate keys; no lone
surrogates and no U+0000; numbers within ±(2^53-1) in any notation, since beyond it readers disagree about their value
(RFC 8785, section 3.2.2.3; larger ones travel as strings); nesting no deeper than 32; and the key ``$sealed`` is the
server's. ``json`` from the standard library would silently keep the last of two equal keys, take ``NaN``, and turn
``1e400`` into infinity: the hooks here see to each.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from indelible.errors import InvalidEvent, MalformedInput, Place
from indelible.events.canonical import is_plain
from indelible.events.record import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_DEPTH", "MAX_PLACES", "SEALED_KEY", "Json", "child", "is_proper", "json_problems", "parse_json"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_Trail: TypeAlias = "tuple[_Trail, Any] | None"

MAX_DEPTH = 32
"""Levels of arrays and objects, the event itself being the first."""
MAX_PLACES = 100
"""So many wrong places are named at most; whoever has more learns nothing from the rest."""
SEALED_KEY = "$sealed"

_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels; flatten it, or attach the document by hash"
_TOO_BIG = "beyond ±(2^53-1), where JSON readers lose digits; send it as a string"
_LONGEST_NUMBER = 400
_LONGEST_SHOWN = 128


class _Repeated(dict[str, Any]):
    """An object in which ``names`` occurred more than once."""

    __slots__ = ("names",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.names = list(dict.fromkeys(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]


def child(pointer: str, key: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member or element of what ``pointer`` points to.

    A key of more than 128 characters is cut: a hundred places under a key of a megabyte would else be an answer of a
    hundred megabytes.
    """
    name = str(key)
    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
    return f"{pointer}/{shown.replace('~', '~0').replace('/', '~1')}"


def _integer(text: str) -> int | float:
    # Python refuses to read more than 4,300 digits; from far less on the value no longer matters.
    return int(text) if len(text) <= _LONGEST_NUMBER else float("inf")


def _number(text: str) -> int | float:
    # 1.0 and 1e3 are the integers 1 and 1000: RFC 8785 prints them so, hence that is how they come back.
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= MAX_SAFE_INTEGER else number


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON; leave the value out, or send it as a string")


def parse_json(data: bytes, pointer: str = "") -> Json:
    """The JSON value in ``data``, which stands at ``pointer`` of the whole input.

    Integral numbers come as ``int`` in whatever notation they arrive, unless they are beyond ±(2^53-1).

    Raises:
        MalformedInput: not JSON, not UTF-8, or with duplicate keys; each such key is named.
        InvalidEvent: nested far too deep to be read.
    """
    repeated = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        value = dict(items)
        if len(value) == len(items):
            return value
        repeated = True
        return _Repeated(items)

    try:
        value: Json = json.loads(
            data.decode(),
            object_pairs_hook=pairs,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise _malformed(pointer, f"not UTF-8 at byte {error.start}: {error.reason}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise _malformed(pointer, f"not JSON at {where}: {error.msg}") from None
    except RecursionError:
        raise InvalidEvent([Place(pointer, _TOO_DEEP)]) from None
    except ValueError as error:
        raise _malformed(pointer, f"not JSON: {error}") from None
    if repeated:
        found = islice(_repeated_keys(value, pointer), MAX_PLACES)
        places = [Place(where, "this key occurs twice in its object; keep one") for where in found]
        raise MalformedInput(f"duplicate keys: {places[0].pointer}", places=places)
    return value


def _malformed(pointer: str, detail: str) -> MalformedInput:
    return MalformedInput(f"{pointer}: {detail}" if pointer else detail, places=[Place(pointer, detail)])


def _repeated_keys(value: Json, pointer: str) -> Iterator[str]:
    # Not by recursion: what the parser could just read may be too deep for the rest of the interpreter's stack.
    stack: list[tuple[object, _Trail]] = [(value, None)]
    while stack:
        item, trail = stack.pop()
        if isinstance(item, _Repeated):
            yield from (_spell(pointer, (trail, name)) for name in item.names)
        if isinstance(item, dict):
            stack.extend((inner, (trail, key)) for key, inner in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend((item[place], (trail, place)) for place in range(len(item) - 1, -1, -1))


def is_proper(value: object, level: int = 1) -> bool:
    """Whether ``value``, at nesting level ``level``, keeps the rules and msgspec encodes it as RFC 8785.

    The quick answer for ordinary events: false only says that :func:`json_problems` has to look.
    """
    if type(value) is dict:
        if level > MAX_DEPTH:
            return False
        for key, item in value.items():
            if type(key) is not str or not key.isascii() or _key_problem(key):
                return False
            if _text_problem(item) if type(item) is str else not is_proper(item, level + 1):
                return False
        return True
    if type(value) is list:
        return level <= MAX_DEPTH and all(is_proper(item, level + 1) for item in value)
    return not _scalar_problem(value) and is_plain(value)


def json_problems(value: Json, pointer: str = "", *, depth: int = 1) -> list[Place]:
    """Every place, up to 100, where ``value`` breaks the rules of the module's docstring; empty when it keeps them.

    ``value`` stands at nesting level ``depth`` of its event. It may come from Python code rather than from JSON, so
    that values of other types are named too.
    """
    places: list[Place] = []
    # The pointer of a container is spelled out only when something in it is wrong: (parent's trail, key).
    stack: list[tuple[object, _Trail, int]] = [(value, None, depth)]
    while stack and len(places) < MAX_PLACES:
        item, trail, level = stack.pop()
        if type(item) is dict:
            for key in item:
                problem = _key_problem(key)
                if problem:
                    places.append(Place(_spell(pointer, (trail, key)), problem))
            stack.extend((inner, (trail, key), level + 1) for key, inner in reversed(item.items()))
        elif type(item) is list or type(item) is tuple:
            stack.extend((item[place], (trail, place), level + 1) for place in range(len(item) - 1, -1, -1))
        else:
            problem = _scalar_problem(item)
            if problem:
                places.append(Place(_spell(pointer, trail), problem))
            continue
        if level > MAX_DEPTH:
            places.append(Place(_spell(pointer, trail), _TOO_DEEP))
            break  # everything below is too deep as well, and may never end
    return places


def _scalar_problem(item: object) -> str | None:
    if type(item) is str:
        return _text_problem(item)
    if type(item) is int or type(item) is float:  # NaN fails both comparisons
        return None if -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER else _TOO_BIG
    if type(item) is bool or item is None:
        return None
    return f"a Python {type(item).__name__} is not JSON; convert it first"


def _key_problem(key: object) -> str | None:
    if type(key) is not str:
        return "keys must be strings"
    if key == SEALED_KEY:
        return f"the key {SEALED_KEY} is reserved for sealed values; use another name"
    return _text_problem(key)


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "holds U+0000, which many systems cut a text at; leave it out"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "holds half of a surrogate pair, which is not a character; leave it out"
    return None


def _spell(pointer: str, trail: _Trail) -> str:
    keys: list[str | int] = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    for key in reversed(keys):
        pointer = child(pointer, key)
    return pointer
