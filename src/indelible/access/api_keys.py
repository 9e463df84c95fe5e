"""The life of an API key: made, shown once, listed, revoked. Nothing here decides who may do so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from indelible.access.instants import format_instant, parse_instant
from indelible.access.roles import Grant, Role
from indelible.access.token import Token
from indelible.control import ApiKeyRecord, GrantRecord
from indelible.control import api_keys as statements
from indelible.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.control import ControlStore

__all__ = ["ApiKeyInfo", "ApiKeys", "NewApiKey"]

_MAX_NAME = 256
_MAX_GRANTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyInfo:
    """What can be told about a key; never its secret, nor the hash of it."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey(ApiKeyInfo):
    """A key just made. ``secret`` is the whole token, and this is the only time that it can be seen."""

    secret: str = field(repr=False)


class ApiKeys:
    """Makes, lists and revokes API keys in the control store."""

    def __init__(self, store: ControlStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def create(
        self, *, name: str, grants: Sequence[Grant], created_by: str, expires_at: datetime | None = None
    ) -> NewApiKey:
        """Make a key with these grants; it is durable when this returns.

        ``name`` is for people, 1 to 256 characters. ``created_by`` names the principal or command that made it.

        Raises:
            UsageError: no grant or too many, a bad name, or an expiry that is not in the future.
        """
        now = self._now()
        granted = tuple(dict.fromkeys(grants))
        if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            detail = f"an API key needs a name of 1 to {_MAX_NAME} printable characters"
            raise UsageError(detail)
        if not 1 <= len(granted) <= _MAX_GRANTS:
            detail = f"an API key needs 1 to {_MAX_GRANTS} grants, such as writer:main; it got {len(granted)}"
            raise UsageError(detail)
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
            raise UsageError("expires_at must be a time in the future, with its offset from UTC")
        token = Token.generate()
        record = ApiKeyRecord(
            id=token.id,
            principal_id=f"api-key:{token.id}",
            name=name,
            secret_sha256=token.digest,
            created_at=format_instant(now),
            created_by=created_by,
            expires_at=None if expires_at is None else format_instant(expires_at),
            revoked_at=None,
            grants=tuple(GrantRecord(role=grant.role.value, log=grant.log) for grant in granted),
        )
        with self._store.transaction() as connection:
            statements.insert_api_key(connection, record)
        return NewApiKey(
            id=token.id,
            name=name,
            grants=granted,
            created_at=now,
            created_by=created_by,
            expires_at=expires_at,
            revoked_at=None,
            secret=token.text,
        )

    def list(self) -> tuple[ApiKeyInfo, ...]:
        """Every key, the newest first; revoked and expired ones stay in the list."""
        with self._store.snapshot() as connection:
            return tuple(_info(record) for record in statements.list_api_keys(connection))

    def get(self, key_id: str) -> ApiKeyInfo:
        """One key.

        Raises:
            NotFound: no key has this id.
        """
        with self._store.snapshot() as connection:
            return _info(_found(statements.find_api_key(connection, key_id), key_id))

    def revoke(self, key_id: str, *, by: str) -> ApiKeyInfo:
        """Make the key worthless from now on. Revoking it again changes nothing.

        Raises:
            NotFound: no key has this id.
        """
        with self._store.transaction() as connection:
            statements.revoke_api_key(connection, key_id, at=format_instant(self._now()), by=by)
            return _info(_found(statements.find_api_key(connection, key_id), key_id))


def _found(record: ApiKeyRecord | None, key_id: str) -> ApiKeyRecord:
    if record is None:
        detail = f"there is no API key {key_id!r}"
        raise NotFound(detail)
    return record


def _info(record: ApiKeyRecord) -> ApiKeyInfo:
    return ApiKeyInfo(
        id=record.id,
        name=record.name,
        grants=tuple(Grant(Role(grant.role), grant.log) for grant in record.grants),
        created_at=parse_instant(record.created_at),
        created_by=record.created_by,
        expires_at=None if record.expires_at is None else parse_instant(record.expires_at),
        revoked_at=None if record.revoked_at is None else parse_instant(record.revoked_at),
    )
