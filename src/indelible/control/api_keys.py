"""The statements about API keys and what their principals are granted. No policy: that is ``access``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from indelible.control.grants import GrantRecord, insert_grant
from indelible.control.schema import api_keys, grants, principals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection, RowMapping

__all__ = [
    "ApiKeyRecord",
    "find_api_key",
    "insert_api_key",
    "list_api_keys",
    "note_uses",
    "replace_api_key",
    "revoke_api_key",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRecord:
    """An API key with its principal and that principal's grants. Times are RFC 3339 text in UTC."""

    id: str
    principal_id: str
    name: str
    secret_sha256: bytes
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None = None
    rotated_to: str | None = None
    last_used_at: str | None = None
    requests_per_second: int | None = None
    events_per_second: int | None = None
    grants: tuple[GrantRecord, ...]


_OF_KEY = (
    "id",
    "principal_id",
    "secret_sha256",
    "created_at",
    "expires_at",
    "revoked_at",
    "rotated_to",
    "last_used_at",
    "requests_per_second",
    "events_per_second",
)
_OF_GRANT = (grants.c.role, grants.c.log, grants.c.query)
_SELECT = select(*(api_keys.c[name] for name in _OF_KEY), principals.c.name, principals.c.created_by).join_from(
    api_keys, principals
)


def insert_api_key(connection: Connection, record: ApiKeyRecord) -> None:
    """Add a key, the principal that it stands for, and its grants."""
    connection.execute(
        insert(principals).values(
            id=record.principal_id,
            kind="api-key",
            name=record.name,
            created_at=record.created_at,
            created_by=record.created_by,
        )
    )
    _insert_key(connection, record)
    for grant in record.grants:
        insert_grant(connection, record.principal_id, grant, at=record.created_at, by=record.created_by)


def replace_api_key(connection: Connection, old_id: str, record: ApiKeyRecord, *, old_expires_at: str) -> None:
    """Add a key for a principal that has one, and let the old one end at ``old_expires_at``."""
    _insert_key(connection, record)
    connection.execute(
        update(api_keys).where(api_keys.c.id == old_id).values(rotated_to=record.id, expires_at=old_expires_at)
    )


def find_api_key(connection: Connection, key_id: str) -> ApiKeyRecord | None:
    """The key with this id, revoked or not."""
    row = connection.execute(_SELECT.where(api_keys.c.id == key_id)).mappings().one_or_none()
    # Run whether or not there is a key, so that an unknown id takes as long as a known one.
    granted = connection.execute(
        select(*_OF_GRANT)
        .join(api_keys, api_keys.c.principal_id == grants.c.principal_id)
        .where(api_keys.c.id == key_id)
        .order_by(grants.c.id)
    ).mappings()
    records = [GrantRecord(**grant) for grant in granted]
    return None if row is None else _record(row, records)


def list_api_keys(connection: Connection) -> list[ApiKeyRecord]:
    """Every key, revoked ones too, the newest first."""
    granted: dict[str, list[GrantRecord]] = {}
    for grant in connection.execute(select(grants.c.principal_id, *_OF_GRANT).order_by(grants.c.id)):
        record = GrantRecord(role=grant.role, log=grant.log, query=grant.query)
        granted.setdefault(grant.principal_id, []).append(record)
    rows = connection.execute(_SELECT.order_by(api_keys.c.created_at.desc(), api_keys.c.id)).mappings()
    return [_record(row, granted.get(row["principal_id"], ())) for row in rows]


def revoke_api_key(connection: Connection, key_id: str, *, at: str, by: str) -> None:
    """Mark the key revoked; one that is revoked already keeps its first date."""
    connection.execute(
        update(api_keys)
        .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=at, revoked_by=by)
    )


def note_uses(connection: Connection, uses: Mapping[str, str]) -> None:
    """Set when each of these keys was last used."""
    for key_id, at in uses.items():
        connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=at))


def _insert_key(connection: Connection, record: ApiKeyRecord) -> None:
    connection.execute(insert(api_keys).values({name: getattr(record, name) for name in _OF_KEY}))


def _record(row: RowMapping, granted: Sequence[GrantRecord]) -> ApiKeyRecord:
    return ApiKeyRecord(**row, grants=tuple(granted))
