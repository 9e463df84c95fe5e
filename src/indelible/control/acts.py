"""The statements about administrative acts that are under way. What they are for: ``indelible.system_log.acts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from indelible.control.schema import open_acts as table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["OpenAct", "delete_open_act", "insert_open_act", "is_applied", "mark_applied", "open_acts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAct:
    """An act that has begun and has no recorded outcome yet.

    Attributes:
        id: The id of the event that records its intent.
        outcome_id: The id of the event that will record its outcome.
        event: What is recorded, as JSON.
        applied: Whether it has been done.
    """

    id: str
    outcome_id: str
    event: bytes
    applied: bool = False


def insert_open_act(connection: Connection, act: OpenAct) -> None:
    """Note an act that is about to begin."""
    connection.execute(insert(table).values(id=act.id, outcome_id=act.outcome_id, event=act.event, applied=act.applied))


def mark_applied(connection: Connection, act_id: str) -> None:
    """Note that the act is done."""
    connection.execute(update(table).where(table.c.id == act_id).values(applied=True))


def is_applied(connection: Connection, act_id: str) -> bool:
    """Whether the act is noted as done."""
    return bool(connection.execute(select(table.c.applied).where(table.c.id == act_id)).scalar_one_or_none())


def open_acts(connection: Connection) -> list[OpenAct]:
    """Every act whose outcome has not been recorded, the oldest first."""
    rows = connection.execute(select(table).order_by(table.c.id)).mappings()
    return [OpenAct(**row) for row in rows]


def delete_open_act(connection: Connection, act_id: str) -> None:
    """Forget an act whose outcome has been recorded."""
    connection.execute(delete(table).where(table.c.id == act_id))
