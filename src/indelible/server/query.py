"""The query part of a URL, strictly: every name known, none twice, every value of its form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from indelible.server.problem import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["choice", "natural", "parse_natural", "parse_query"]

_MAX_DIGITS = 19  # 2^63 - 1


def parse_query(raw: bytes, known: Collection[str]) -> dict[str, str]:
    """The parameters of a query string, percent-decoded.

    Raises:
        Refusal: 400: not UTF-8, or a name that is unknown or stands twice; says what is known.
    """
    parameters: dict[str, str] = {}
    for part in raw.split(b"&") if raw else ():
        name, _, value = (_decode(piece) for piece in part.partition(b"="))
        if name not in known:
            here = f"known here: {', '.join(known)}" if known else "nothing is known here"
            raise _bad(name, f"unknown query parameter {name!r}; {here}")
        if name in parameters:
            raise _bad(name, f"the query parameter {name!r} stands twice")
        parameters[name] = value
    return parameters


def choice(parameters: Mapping[str, str], name: str, choices: Collection[str], default: str) -> str:
    """The value of a parameter that must be one of ``choices``.

    Raises:
        Refusal: 400: it is something else.
    """
    value = parameters.get(name, default)
    if value not in choices:
        raise _bad(name, f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def natural(parameters: Mapping[str, str], name: str) -> int:
    """The value of a required parameter that must be a decimal number in ``[0, 2^63)`` without leading zeros.

    Raises:
        Refusal: 400: it is absent or something else.
    """
    value = parameters.get(name)
    if value is None:
        raise _bad(name, f"the query parameter {name!r} is missing: a decimal number")
    number = parse_natural(value)
    if number is None:
        raise _bad(name, f"{name} must be a decimal number below 2^63 without leading zeros, not {value!r}")
    return number


def parse_natural(text: str) -> int | None:
    """The number in ``[0, 2^63)`` that ``text`` is the decimal form of, or ``None``."""
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        return None
    number = int(text)
    return number if str(number) == text and number < 1 << 63 else None


def _decode(piece: bytes) -> str:
    try:
        return unquote_to_bytes(piece.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise _bad("", "the query is not UTF-8") from None


def _bad(name: str, detail: str) -> Refusal:
    return Refusal(400, "bad-query", detail, pointer=f"?{name}" if name else "")
