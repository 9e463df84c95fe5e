"""The original document of an imported event, as its text was hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from indelible.events.foreign import git
from indelible.events.foreign.dig import dig_text

if TYPE_CHECKING:
    from indelible.events.json_values import Json

__all__ = ["original_text"]


class _Entry(Struct):
    # `Raw` gives the very bytes; it checks nothing, and need not: the entry has been decoded before.
    raw: msgspec.Raw | UnsetType = UNSET


_DECODER = msgspec.json.Decoder(_Entry)


def original_text(entry: bytes, record: dict[str, Json]) -> str | None:
    """The text of ``raw``; ``None`` when the record has none.

    JSON is in its canonical form, of which ``upstream.sha256`` is the hash; so is a git object that is text. What is
    kept in base64 (git objects that are not UTF-8, JSON that a record cannot hold) stays so.
    """
    raw = record.get("raw")
    if raw is None:
        return None
    if isinstance(raw, str):
        return raw
    if dig_text(record, "upstream", "format") == git.FORMAT and (text := dig_text(raw, "text")) is not None:
        return text
    kept = _DECODER.decode(entry).raw
    return bytes(kept).decode() if kept is not UNSET else None
