"""Records as rows for the databases that are compared with: the columns that are asked for, and the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from indelible.events.timestamps import to_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Row", "rows"]


class Row(NamedTuple):
    """One event; ``occurred`` in microseconds since 1970, ``actor`` the actor's id, ``record`` JSON."""

    entry: int
    occurred: int
    action: str
    outcome: str
    actor_type: str
    actor: str
    record: str


class _Actor(msgspec.Struct):
    type: str
    id: str


class _Record(msgspec.Struct):
    occurred_at: str
    action: str
    outcome: str
    actor: _Actor


def rows(entries: Iterable[tuple[int, bytes]]) -> Iterator[Row]:
    """The rows of entries with their indices."""
    decode = msgspec.json.Decoder(_Record).decode
    for index, entry in entries:
        record = decode(entry)
        yield Row(
            index,
            to_microseconds(record.occurred_at),
            record.action,
            record.outcome,
            record.actor.type,
            record.actor.id,
            entry.decode(),
        )
