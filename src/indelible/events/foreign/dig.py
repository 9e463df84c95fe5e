"""Reading documents that others wrote: whatever is not there, or is something else, is ``None``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.events.rules import is_address
from indelible.events.timestamps import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.events.json_values import Json

__all__ = ["address", "bounded", "dig", "dig_list", "dig_object", "dig_text", "distinct", "present", "target", "time"]

_MAX_NAME = 256
_MAX_PROSE = 4096


def dig(value: Json, *path: str) -> Json:
    """What lies at ``path``, a sequence of member names."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def dig_text(value: Json, *path: str) -> str | None:
    """The text at ``path``, unless it is empty."""
    found = dig(value, *path)
    return found if isinstance(found, str) and found else None


def dig_object(value: Json, *path: str) -> dict[str, Json]:
    """The object at ``path``; an empty one when there is none."""
    found = dig(value, *path)
    return found if isinstance(found, dict) else {}


def dig_list(value: Json, *path: str) -> list[Json]:
    """The array at ``path``; an empty one when there is none."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def present(**fields: Json) -> dict[str, Json]:
    """The fields that hold something: no ``None``, no empty array or object."""
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}


def distinct(targets: Iterable[Json], limit: int = 64) -> list[Json]:
    """The first of ``targets``, each once, up to what an event may have; no more are asked for."""
    found: list[Json] = []
    for one in targets:
        if one not in found:
            found.append(one)
        if len(found) == limit:
            break
    return found


def bounded(text: str | None, limit: int = _MAX_PROSE) -> str | None:
    """``text``, cut to ``limit`` characters; what is cut off is still in the original."""
    return None if text is None else text[:limit]


def time(text: str | None) -> str | None:
    """The normal form of a time; ``None`` when there is none that can be read."""
    try:
        return None if text is None else normalise(text)
    except ValueError:
        return None


def address(text: str | None) -> str | None:
    """``text``, when it is an IP address."""
    return text if text is not None and is_address(text) else None


def target(
    kind: str, identity: str | None, *, name: str | None = None, href: str | None = None, **attributes: Json
) -> list[Json]:
    """A list of one target, or of none when there is no identity that fits into one; the original still has it."""
    kind = kind.replace(":", ".")
    if not identity or len(identity) > _MAX_NAME or not kind or len(kind) > _MAX_NAME:
        return []
    return [present(type=kind, id=identity, name=name, href=href, attributes=present(**attributes))]
