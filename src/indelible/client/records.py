"""Records as a server sends them, made into entries again.

A server adds where a record stands to its own members. Without these, canonical JSON gives the entry's bytes back; they
stand or fall with their leaf hash when they are proven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indelible.errors import PeerError
from indelible.events.canonical import canonical_json
from indelible.sdk.found import FoundEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["entry_of"]


def entry_of(sent: Mapping[str, Any]) -> FoundEntry:
    """The entry of a record that bears its ``index``, ``leaf_hash``, ``published`` and perhaps its ``proof``.

    Raises:
        PeerError: it lacks one of them, or is no record.
    """
    if "damaged" in sent:
        return _damaged(sent)
    fields = dict(sent)
    index, leaf_hash, published, proof = (
        fields.pop(name, None) for name in ("index", "leaf_hash", "published", "proof")
    )
    if type(index) is not int or not isinstance(leaf_hash, str) or not isinstance(published, bool):
        raise PeerError("the server's answer lacks the record's index, leaf hash or state")
    if proof is not None and not isinstance(proof, str):
        raise PeerError("the server's answer holds a proof that is no text")
    try:
        entry = canonical_json(fields)
    except ValueError as error:
        raise PeerError(f"the server's answer holds no record: {error}") from error
    return FoundEntry(
        index=index,
        entry=entry,
        leaf_hash=leaf_hash,
        published=published,
        proof=None if proof is None else proof.encode(),
    )


def _damaged(sent: Mapping[str, Any]) -> FoundEntry:
    """An entry of which the server says that it is no record any more; it sends nothing of what is left."""
    index, published, damage = (sent.get(name) for name in ("index", "published", "damaged"))
    if type(index) is not int or not isinstance(published, bool) or not isinstance(damage, str):
        raise PeerError("the server's answer lacks the index or state of a damaged entry, or what is wrong with it")
    return FoundEntry(index=index, entry=b"", leaf_hash="", published=published, damage=damage)
