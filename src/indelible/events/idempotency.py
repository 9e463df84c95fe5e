"""Idempotency: whether an event that arrives under a known id is the one already recorded.

An event's *content* is the event in normal form without what the server set (``v``, ``log``, ``principal``,
``received_at``), without the id (equal by the question) and without what the server filled in:

* ``outcome`` absent and ``outcome`` ``success``, its default, are the same content;
* ``occurred_at`` absent is the same as ``occurred_at`` being the recorded event's ``received_at``, its default.

An imported event's content is its foreign id and the hash of the original document, whatever this version of the
software makes of that document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from indelible.events.record import decode_record

if TYPE_CHECKING:
    from indelible.events.assembly import Prepared

__all__ = ["same_content"]

_NOT_CONTENT = frozenset({"v", "log", "principal", "received_at", "id"})
_ENCODER = msgspec.json.Encoder(order="sorted")


def same_content(entry: bytes, prepared: Prepared) -> bool:
    """Whether ``prepared`` is the event recorded in ``entry``, an entry of the same log with the same id.

    ``entry`` may also be another template of the same process, for two events of one request.

    Raises:
        FormatError: when ``entry`` is not a record.
    """
    if entry == prepared.template:
        return True
    recorded, sent = decode_record(entry), decode_record(prepared.template)
    if sent.get("occurred_at") == sent.get("received_at"):
        # It came without a time; had it come when the other did, it would have been given that one's.
        sent["occurred_at"] = recorded.get("received_at")
    # Encoded, not compared as Python values: to Python, 1 equals true.
    return _content(recorded) == _content(sent)


def _content(record: dict[str, Any]) -> bytes:
    upstream = record.get("upstream")
    if upstream is not None:
        return _ENCODER.encode([upstream["format"], upstream.get("id"), upstream["sha256"]])
    return _ENCODER.encode({name: value for name, value in record.items() if name not in _NOT_CONTENT})
