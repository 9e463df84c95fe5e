"""What can be told about an API key, from the row that is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from indelible.access.grants import grant_of
from indelible.access.instants import parse_instant
from indelible.access.rates import RateLimit

if TYPE_CHECKING:
    from datetime import datetime

    from indelible.access.roles import Grant
    from indelible.access.token import Token
    from indelible.control import ApiKeyRecord

__all__ = ["ApiKeyInfo", "NewApiKey", "key_info", "new_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyInfo:
    """What can be told about a key; never its secret, nor the hash of it.

    Attributes:
        id: The public part of the key.
        principal: Whom it stands for, as records name them.
        name: For people.
        grants: What the principal may do.
        limit: How much it may send a second.
        created_at: When the key was made.
        created_by: The principal or command that made the first key of this name.
        expires_at: From when on it is worthless.
        revoked_at: Since when it is worthless.
        rotated_to: The id of the key that replaces it.
        last_used_at: When it was last used, to within a minute or so.
    """

    id: str
    principal: str
    name: str
    grants: tuple[Grant, ...]
    limit: RateLimit
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_to: str | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey(ApiKeyInfo):
    """A key just made. ``secret`` is the whole token, and this is the only time that it can be seen."""

    secret: str = field(repr=False)


def new_key(record: ApiKeyRecord, token: Token) -> NewApiKey:
    """A key just made, as it is shown once."""
    return NewApiKey(**_fields(record), secret=token.text)


def key_info(record: ApiKeyRecord) -> ApiKeyInfo:
    """A key as it is kept."""
    return ApiKeyInfo(**_fields(record))


def _fields(record: ApiKeyRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "principal": record.principal_id,
        "name": record.name,
        "grants": tuple(grant_of(grant) for grant in record.grants),
        "limit": RateLimit(requests_per_second=record.requests_per_second, events_per_second=record.events_per_second),
        "created_at": parse_instant(record.created_at),
        "created_by": record.created_by,
        "expires_at": _time(record.expires_at),
        "revoked_at": _time(record.revoked_at),
        "rotated_to": record.rotated_to,
        "last_used_at": _time(record.last_used_at),
    }


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)
