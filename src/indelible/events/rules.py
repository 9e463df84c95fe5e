"""What a type cannot say about a field: each rule returns what is wrong with a text, or ``None``.

The fields that a rule applies to are marked by its name where they are declared, in :mod:`indelible.events.record`.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from typing import TYPE_CHECKING

from indelible.events.identity import normalise_id
from indelible.events.timestamps import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RULES", "has_control_character", "is_address"]


def has_control_character(text: str) -> bool:
    """Whether ``text`` holds a character of Unicode's category Cc: U+0000 to U+001F, U+007F to U+009F."""
    # Most texts are printable, which is decided at the speed of C; a no-break space, say, is neither.
    return not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text)


def is_address(text: str) -> bool:
    """Whether ``text`` is an IPv4 or IPv6 address, without a zone: a zone means something on one host only."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _kind(text: str) -> str | None:
    return "must not hold a colon: it parts type from id in type:id" if ":" in text else None


def _action(text: str) -> str | None:
    if not has_control_character(text):
        return None
    return "must not hold control characters; dotted lower case is a good form, such as invoice.approve"


def _identifier(text: str) -> str | None:
    try:
        normalise_id(text)
    except ValueError as error:
        return f"{error}; leave the id out to have one made"
    return None


def _timestamp(text: str) -> str | None:
    try:
        normalise(text)
    except ValueError as error:
        return str(error)
    return None


def _address(text: str) -> str | None:
    return None if is_address(text) else "expected an IPv4 or IPv6 address; a host name belongs into context.service"


RULES: Mapping[str, Callable[[str], str | None]] = {
    "action": _action,
    "address": _address,
    "identifier": _identifier,
    "kind": _kind,
    "timestamp": _timestamp,
}
