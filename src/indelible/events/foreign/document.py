"""What every foreign format has in common: an original document, an id of its own, and fields mapped from it.

One bad record must not cost its neighbours: each becomes a :class:`ForeignEvent` or is :class:`Rejected` by itself.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import InvalidEvent, MalformedInput, Place
from indelible.events.canonical import canonical_json
from indelible.events.json_values import Json, json_problems, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["ForeignEvent", "Original", "Rejected", "UnmappableError", "json_original", "read_each"]

_RAW_LEVEL = 2  # of nesting: `raw` is a member of the event


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A document as it came: the bytes that are hashed, and the JSON that is kept as ``raw``."""

    content: bytes
    raw: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEvent:
    """An event in another format's words, mapped.

    ``fields`` are those of an event without ``id``, ``upstream`` and ``raw``. ``format``, ``source`` and ``id`` name it
    among all events of its kind: importing it again makes the same event. ``record`` is where it stood.
    """

    record: str
    format: str
    source: str
    id: str
    fields: dict[str, Json]
    original: Original


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that could not be taken. ``record`` is a JSON pointer into its document, ``detail`` says why."""

    record: str
    detail: str


class UnmappableError(ValueError):
    """A record lacks what its format requires."""


def json_original(value: Json, data: bytes) -> Original:
    """The original of a JSON document, parsed and as bytes.

    Hashed are its RFC 8785 bytes, or the bytes as they came when canonical JSON cannot hold it. It is kept as JSON, or
    as a base64 string when a record cannot hold it (large integers, depth).
    """
    try:
        content = canonical_json(value)
    except ValueError:
        content = data
    kept = value if not json_problems(value, depth=_RAW_LEVEL) else b64encode(data).decode()
    return Original(content=content, raw=kept)


def read_each(
    records: Iterable[tuple[str, bytes]], read: Callable[[str, dict[str, Json], Original], ForeignEvent]
) -> Iterator[ForeignEvent | Rejected]:
    """Maps each of ``records``, JSON objects with their pointers, through ``read``; what it cannot map is rejected."""
    for pointer, data in records:
        try:
            value = parse_json(data, pointer)
            if isinstance(value, dict):
                yield read(pointer, value, json_original(value, data))
            else:
                yield Rejected(record=pointer, detail="expected an object")
        except (MalformedInput, InvalidEvent) as error:
            yield Rejected(record=pointer, detail="; ".join(_placed(place, pointer) for place in error.places[:3]))
        except UnmappableError as error:
            yield Rejected(record=pointer, detail=str(error))


def _placed(place: Place, pointer: str) -> str:
    where = place.pointer.removeprefix(pointer)
    return f"{where}: {place.detail}" if where else place.detail
