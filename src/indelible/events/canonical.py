"""Canonical JSON: RFC 8785 (JCS).

The ``rfc8785`` package is the reference. msgspec's sorted encoder gives the same bytes at the speed of C when a value
is *plain*: it sorts keys by UTF-8 where the standard (section 3.2.3) sorts by UTF-16, which differ only from U+E000 on;
it prints floats with the same shortest digits but differs in form for integral and for tiny ones (section 3.2.2.3).
A property test holds the two together. Neither ever guesses: what canonical JSON cannot hold is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import rfc8785

from indelible.events.record import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    from indelible.events.json_values import Json

__all__ = ["NotPlain", "canonical_json", "is_plain", "make_plain"]

_FIRST_OUT_OF_ORDER = "\ue000"
"""From here on UTF-16 sorts otherwise than UTF-8: there, surrogates (U+D800 to U+DFFF) stand for all beyond U+FFFF."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class NotPlain(ValueError):  # noqa: N818  a finding, not a failure
    """A value that only the reference encoder brings into RFC 8785 form, or none."""


def _is_plain_float(number: float) -> bool:
    """Whether msgspec prints ``number`` as RFC 8785 does: not integral (``1.0``), not tiny (``1e-6``)."""
    return 1e-5 <= abs(number) <= MAX_SAFE_INTEGER and not number.is_integer()


def is_plain(value: object) -> bool:
    """Whether msgspec's sorted encoder gives the RFC 8785 bytes of a JSON ``value``."""
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if type(item) is dict:
            if not all(type(key) is str and key < _FIRST_OUT_OF_ORDER for key in item):
                return False
            stack.extend(item.values())
        elif type(item) is list:
            stack.extend(item)
        elif not _is_plain_scalar(item):
            return False
    return True


def _is_plain_scalar(item: object) -> bool:
    if type(item) is int:
        return -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER
    if type(item) is float:
        return _is_plain_float(item)
    return type(item) is str or type(item) is bool or item is None


def make_plain(value: Any, level: int, deepest: int) -> Any:  # noqa: ANN401  any JSON
    """``value`` with integral floats as integers, as RFC 8785 prints them; changes arrays and objects in place.

    ``level`` is the depth at which ``value`` stands, ``deepest`` the last at which an array or object may.

    Raises:
        NotPlain: when the result would not be plain, or is too deep.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float and value.is_integer():
        value = int(value)
    if kind is dict and level <= deepest:
        for key, item in value.items():
            if key >= _FIRST_OUT_OF_ORDER:
                raise NotPlain
            if type(item) is not str:
                value[key] = make_plain(item, level + 1, deepest)
    elif kind is list and level <= deepest:
        for place, item in enumerate(value):
            value[place] = make_plain(item, level + 1, deepest)
    elif not _is_plain_scalar(value):
        raise NotPlain
    return value


def canonical_json(value: Json) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Raises:
        ValueError: when canonical JSON cannot hold it: an integer beyond ±(2^53-1), NaN, an infinity, a lone surrogate,
            nesting beyond the interpreter's limit, or a Python value that is not JSON.
    """
    try:
        return _ENCODER.encode(value) if is_plain(value) else rfc8785.dumps(value)
    except RecursionError as error:
        raise ValueError("nested too deep for canonical JSON") from error
