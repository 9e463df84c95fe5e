"""Records as the API shows them: their own bytes, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from indelible.log import StoredEntry

__all__ = ["with_place"]


def with_place(stored: StoredEntry, *, proof: bytes | None = None) -> bytes:
    """The record's own bytes with the fields that say where it is. No event can have fields of these names.

    Of one that is damaged nothing is shown but that, whatever it holds: whoever asks may not be one to see it.
    """
    if stored.damage is not None:
        damaged = {"index": stored.index, "published": stored.published, "damaged": str(stored.damage)}
        return msgspec.json.encode(damaged)
    place = b',"index":%d,"leaf_hash":"%s","published":%s' % (
        stored.index,
        stored.leaf_hash.hex().encode(),
        b"true" if stored.published else b"false",
    )
    if proof is not None:
        place += b',"proof":' + msgspec.json.encode(proof.decode())
    return stored.entry[:-1] + place + b"}"
