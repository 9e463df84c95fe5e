"""The statements about principals and what they are granted. No policy: that is ``access``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, distinct, func, insert, or_, select

from indelible.control.schema import api_keys, grants, principals

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, RowMapping

__all__ = [
    "GrantRecord",
    "PrincipalRecord",
    "StoredGrant",
    "administrators",
    "delete_grant",
    "find_grant",
    "find_principal",
    "granted_to",
    "insert_grant",
    "insert_principal",
    "list_grants",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRecord:
    """One role on one log, or on the logs that a pattern names. An empty ``query`` restricts nothing."""

    role: str
    log: str
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrant:
    """A grant with whom it is made to, and by whom. Times are RFC 3339 text in UTC."""

    id: int
    principal_id: str
    principal_name: str
    role: str
    log: str
    query: str
    created_at: str
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalRecord:
    """Whoever can be granted something."""

    id: str
    kind: str
    name: str
    created_at: str
    created_by: str


_SELECT = select(
    *(grants.c[name] for name in ("id", "principal_id", "role", "log", "query", "created_at", "created_by")),
    principals.c.name.label("principal_name"),
).join_from(grants, principals)


def find_principal(connection: Connection, principal_id: str) -> PrincipalRecord | None:
    """The principal of this id."""
    row = connection.execute(select(principals).where(principals.c.id == principal_id)).mappings().one_or_none()
    return None if row is None else PrincipalRecord(**row)


def insert_principal(connection: Connection, record: PrincipalRecord) -> None:
    """Add a principal without any grant."""
    connection.execute(
        insert(principals).values(
            id=record.id,
            kind=record.kind,
            name=record.name,
            created_at=record.created_at,
            created_by=record.created_by,
        )
    )


def granted_to(connection: Connection, principal_id: str) -> tuple[GrantRecord, ...]:
    """What a principal is granted, in the order in which it was."""
    rows = connection.execute(
        select(grants.c.role, grants.c.log, grants.c.query)
        .where(grants.c.principal_id == principal_id)
        .order_by(grants.c.id)
    ).mappings()
    return tuple(GrantRecord(**row) for row in rows)


def list_grants(connection: Connection) -> list[StoredGrant]:
    """Every grant, in the order in which they were made."""
    return [_stored(row) for row in connection.execute(_SELECT.order_by(grants.c.id)).mappings()]


def find_grant(connection: Connection, grant_id: int) -> StoredGrant | None:
    """The grant with this id."""
    row = connection.execute(_SELECT.where(grants.c.id == grant_id)).mappings().one_or_none()
    return None if row is None else _stored(row)


def insert_grant(connection: Connection, principal_id: str, grant: GrantRecord, *, at: str, by: str) -> int:
    """Add a grant and return its id."""
    result = connection.execute(
        insert(grants)
        .values(
            principal_id=principal_id, role=grant.role, log=grant.log, query=grant.query, created_at=at, created_by=by
        )
        .returning(grants.c.id)
    )
    return int(result.scalar_one())


def delete_grant(connection: Connection, grant_id: int) -> None:
    """Remove a grant. Who had it stays in the log of the server's own events."""
    connection.execute(delete(grants).where(grants.c.id == grant_id))


def administrators(connection: Connection, *, at: str) -> int:
    """How many principals administer everything with an API key that works at this time."""
    found = connection.execute(
        select(func.count(distinct(grants.c.principal_id)))
        .join(api_keys, api_keys.c.principal_id == grants.c.principal_id)
        .where(
            grants.c.role == "admin",
            grants.c.log == "*",
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > at),
        )
    )
    return int(found.scalar_one())


def _stored(row: RowMapping) -> StoredGrant:
    return StoredGrant(**row)
