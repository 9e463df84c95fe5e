"""The life of an API key: made, shown once, listed, rotated, revoked. Nothing here decides who may do so.

A rotated key and its successor stand for the same principal: grants, rate and the name in records stay, and for the
time of the overlap both work. Whoever has a leaked key has no part in this: it is revoked, and ends at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from indelible.access.api_key_info import key_info, new_key
from indelible.access.grants import MAX_GRANTS, an_administrator_remains, check_grant, grant_of, grant_record
from indelible.access.instants import format_instant, parse_instant
from indelible.access.rates import RateLimit
from indelible.access.token import Token
from indelible.control import ApiKeyRecord
from indelible.control import api_keys as statements
from indelible.errors import Conflict, NotFound, UsageError
from indelible.system_log import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indelible.access.api_key_info import ApiKeyInfo, NewApiKey
    from indelible.access.roles import Grant
    from indelible.control import ControlStore
    from indelible.system_log import Caller
    from indelible.system_log.acts import Acts

__all__ = ["MAX_OVERLAP", "ApiKeys", "StoredApiKeys"]

MAX_OVERLAP = timedelta(days=30)
"""How long a key that was rotated may go on working."""

_MAX_NAME = 256


class StoredApiKeys:
    """Lists the API keys in a control store, and changes nothing."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def list(self) -> tuple[ApiKeyInfo, ...]:
        """Every key, the newest first; revoked and expired ones stay in the list."""
        with self._store.snapshot() as connection:
            return tuple(key_info(record) for record in statements.list_api_keys(connection))

    def get(self, key_id: str) -> ApiKeyInfo:
        """One key.

        Raises:
            NotFound: no key has this id.
        """
        with self._store.snapshot() as connection:
            return key_info(_found(statements.find_api_key(connection, key_id), key_id))


class ApiKeys(StoredApiKeys):
    """Makes, lists, rotates and revokes API keys in the control store, on the record."""

    def __init__(
        self, store: ControlStore, acts: Acts, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(store)
        self._acts = acts
        self._now = now

    def create(
        self,
        *,
        name: str,
        grants: Sequence[Grant],
        by: Caller,
        expires_at: datetime | None = None,
        limit: RateLimit | None = None,
    ) -> NewApiKey:
        """Make a key with these grants; it is durable when this returns.

        ``name`` is for people, 1 to 256 characters. ``by`` is who makes it.

        Raises:
            UsageError: no grant or too many, a bad name, or an expiry that is not in the future.
            QueryError: a grant's query cannot be read.
            Unavailable: it cannot be recorded, so it was not made.
        """
        now = self._now()
        granted = tuple(dict.fromkeys(grants))
        for grant in granted:
            check_grant(grant)
        if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            detail = f"an API key needs a name of 1 to {_MAX_NAME} printable characters"
            raise UsageError(detail)
        if not 1 <= len(granted) <= MAX_GRANTS:
            detail = f"an API key needs 1 to {MAX_GRANTS} grants, such as writer:main; it got {len(granted)}"
            raise UsageError(detail)
        _check_expiry(expires_at, now)
        limit = limit or RateLimit()
        token = Token.generate()
        record = ApiKeyRecord(
            id=token.id,
            principal_id=f"api-key:{token.id}",
            name=name,
            secret_sha256=token.digest,
            created_at=format_instant(now),
            created_by=by.id,
            expires_at=None if expires_at is None else format_instant(expires_at),
            requests_per_second=limit.requests_per_second,
            events_per_second=limit.events_per_second,
            grants=tuple(grant_record(grant) for grant in granted),
        )
        with (
            self._acts.act(Action.API_KEY_CREATED, by=by, targets=_targets(token.id), details=_details(record)) as act,
            self._store.transaction() as connection,
        ):
            statements.insert_api_key(connection, record)
            act.done(connection)
        return new_key(record, token)

    def rotate(self, key_id: str, *, overlap: timedelta, by: Caller, expires_at: datetime | None = None) -> NewApiKey:
        """Make a key that replaces this one, for the same principal; the old one works on for ``overlap``.

        Without ``expires_at`` the new key lives as long as the old one was made to live: for ever, or as many days.

        Raises:
            NotFound: no key has this id.
            Conflict: it is revoked, expired, or rotated already.
            UsageError: the overlap is negative or longer than ``MAX_OVERLAP``, or the expiry is not in the future.
            Unavailable: it cannot be recorded, so it was not done.
        """
        now = self._now()
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            detail = f"the overlap is a time from 0 to {MAX_OVERLAP.days} days: for so long both keys work"
            raise UsageError(detail)
        _check_expiry(expires_at, now)
        self.get(key_id)  # what does not exist is no act to record
        token = Token.generate()
        targets, details = _targets(key_id, token.id), {"overlap_seconds": int(overlap.total_seconds())}
        with (
            self._acts.act(Action.API_KEY_ROTATED, by=by, targets=targets, details=details) as act,
            self._store.transaction() as connection,
        ):
            old = _found(statements.find_api_key(connection, key_id), key_id)
            _check_rotatable(old, now)
            record = replace(
                old,
                id=token.id,
                secret_sha256=token.digest,
                created_at=format_instant(now),
                expires_at=_lifetime_again(old, now) if expires_at is None else format_instant(expires_at),
                last_used_at=None,
            )
            ends = format_instant(now + overlap)
            statements.replace_api_key(connection, old.id, record, old_expires_at=min(ends, old.expires_at or ends))
            act.done(connection)
        return new_key(record, token)

    def revoke(self, key_id: str, *, by: Caller) -> ApiKeyInfo:
        """Make the key worthless from now on. Revoking it again changes nothing, and is no act to record.

        Raises:
            NotFound: no key has this id.
            Conflict: it is the last key that administers everything.
            Unavailable: it cannot be recorded, so it was not done.
        """
        known = self.get(key_id)
        if known.revoked_at is not None:
            return known
        at = format_instant(self._now())
        with (
            self._acts.act(Action.API_KEY_REVOKED, by=by, targets=_targets(key_id), frees=True) as act,
            self._store.transaction() as connection,
            an_administrator_remains(connection, at=at),
        ):
            statements.revoke_api_key(connection, key_id, at=at, by=by.id)
            act.done(connection)
            return key_info(_found(statements.find_api_key(connection, key_id), key_id))


def _found(record: ApiKeyRecord | None, key_id: str) -> ApiKeyRecord:
    if record is None:
        detail = f"there is no API key {key_id!r}"
        raise NotFound(detail)
    return record


def _targets(*key_ids: str) -> tuple[tuple[str, str], ...]:
    return tuple(("api-key", key_id) for key_id in key_ids)


def _details(record: ApiKeyRecord) -> dict[str, Any]:
    """What a record of the act says about a key: everything but what could let somebody in."""
    return {
        "name": record.name,
        "grants": [grant_of(grant).text for grant in record.grants],
        "expires_at": record.expires_at,
        "requests_per_second": record.requests_per_second,
        "events_per_second": record.events_per_second,
    }


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise UsageError("expires_at must be a time in the future, with its offset from UTC")


def _check_rotatable(record: ApiKeyRecord, now: datetime) -> None:
    if record.revoked_at is not None:
        detail = f"the API key {record.id} was revoked on {record.revoked_at}; make a new one instead"
    elif record.rotated_to is not None:
        detail = f"the API key {record.id} was rotated already, to {record.rotated_to}; rotate that one"
    elif record.expires_at is not None and parse_instant(record.expires_at) <= now:
        detail = f"the API key {record.id} expired on {record.expires_at}; make a new one instead"
    else:
        return
    raise Conflict(detail)


def _lifetime_again(record: ApiKeyRecord, now: datetime) -> str | None:
    if record.expires_at is None:
        return None
    return format_instant(now + (parse_instant(record.expires_at) - parse_instant(record.created_at)))
