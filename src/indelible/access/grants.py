"""What principals are granted: given, listed, taken back. Nothing here decides who may do so.

A principal is an API key's (``api-key:<id>``) or a subject of an identity provider (``oidc:<provider>:<subject>``); the
latter may be granted something before it is ever seen. Whatever is taken away, somebody who administers everything
remains: the last one cannot be removed.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from indelible.access.instants import format_instant, parse_instant
from indelible.access.restriction import check_restriction
from indelible.access.roles import Grant, Role
from indelible.control import GrantRecord
from indelible.control import grants as statements
from indelible.errors import Conflict, InternalError, NotFound, UsageError
from indelible.system_log import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from indelible.control import ControlStore
    from indelible.control.grants import StoredGrant
    from indelible.system_log import Caller
    from indelible.system_log.acts import Acts

__all__ = [
    "MAX_GRANTS",
    "GrantInfo",
    "Grants",
    "StoredGrants",
    "an_administrator_remains",
    "check_grant",
    "grant_of",
    "grant_record",
    "principal_of",
]

MAX_GRANTS = 100
"""Grants of one principal."""

_KEY = re.compile(r"(api-key:)?[0-9a-z]{12}")
_SUBJECT = re.compile(r"oidc:[a-z0-9][a-z0-9-]{0,31}:\S(.*\S)?")
_MAX_PRINCIPAL = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantInfo:
    """A grant that was made, to whom, when and by whom."""

    id: int
    principal: str
    principal_name: str
    grant: Grant
    created_at: datetime
    created_by: str


class StoredGrants:
    """Lists the grants in a control store, and changes nothing."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def list(self, principal: str | None = None) -> tuple[GrantInfo, ...]:
        """Every grant, or every grant of one principal, in the order in which they were made."""
        with self._store.snapshot() as connection:
            listed = statements.list_grants(connection)
        return tuple(_info(grant) for grant in listed if principal in (None, grant.principal_id))

    def find(self, grant_id: int) -> GrantInfo | None:
        """The grant with this id, if there is one."""
        with self._store.snapshot() as connection:
            stored = statements.find_grant(connection, grant_id)
        return None if stored is None else _info(stored)


class Grants(StoredGrants):
    """Gives and takes roles in the control store, on the record."""

    def __init__(
        self, store: ControlStore, acts: Acts, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(store)
        self._acts = acts
        self._now = now

    def create(self, principal: str, grant: Grant, *, by: Caller) -> GrantInfo:
        """Grant a role; durable when this returns.

        Raises:
            UsageError: the text names no principal, or the principal has too many grants.
            QueryError: the grant's query cannot be read.
            NotFound: no API key has this id.
            Conflict: the principal has this grant already.
            Unavailable: it cannot be recorded, so it was not done.
        """
        check_grant(grant)
        _check_principal(principal)
        at = format_instant(self._now())
        details = {"change": "granted", "grant": grant.text}
        with (
            self._acts.act(Action.GRANT_CHANGED, by=by, targets=(_target(principal),), details=details) as act,
            self._store.transaction() as connection,
        ):
            _ensure_principal(connection, principal, at=at, by=by.id)
            present = statements.granted_to(connection, principal)
            if grant_record(grant) in present:
                detail = f"{principal} has the grant {grant.text!r} already"
                raise Conflict(detail)
            if len(present) >= MAX_GRANTS:
                detail = f"{principal} has {MAX_GRANTS} grants, which is as many as there may be; use a pattern"
                raise UsageError(detail)
            number = statements.insert_grant(connection, principal, grant_record(grant), at=at, by=by.id)
            act.done(connection)
            made = statements.find_grant(connection, number)
        if made is None:
            detail = f"grant {number} is gone in the moment in which it was made"
            raise InternalError(detail)
        return _info(made)

    def delete(self, grant_id: int, *, by: Caller) -> GrantInfo:
        """Take a role back, at once.

        Raises:
            NotFound: no grant has this id.
            Conflict: nobody would administer everything any more.
            Unavailable: it cannot be recorded, so it was not done.
        """
        found = self.find(grant_id)
        if found is None:
            detail = f"there is no grant {grant_id}"
            raise NotFound(detail)
        at = format_instant(self._now())
        details = {"change": "taken back", "grant": found.grant.text}
        targets = (_target(found.principal),)
        with (
            self._acts.act(Action.GRANT_CHANGED, by=by, targets=targets, details=details, frees=True) as act,
            self._store.transaction() as connection,
            an_administrator_remains(connection, at=at),
        ):
            statements.delete_grant(connection, grant_id)
            act.done(connection)
        return found


@contextmanager
def an_administrator_remains(connection: Connection, *, at: str) -> Iterator[None]:
    """Refuse what the block did if it removed the last API key that administers everything.

    Subjects of identity providers do not count: when their provider is down, somebody must still be let in.

    Raises:
        Conflict: it did; the transaction is undone by it.
    """
    before = statements.administrators(connection, at=at)
    yield
    if before and not statements.administrators(connection, at=at):
        raise Conflict(
            "this would leave no API key that administers everything; make another first: "
            "indelible api-keys create --name NAME --grant 'admin:*'"
        )


def check_grant(grant: Grant) -> None:
    """Check what only the parser knows of a grant: its query.

    Raises:
        QueryError: it cannot be read.
        UsageError: it cannot restrict a grant.
    """
    if grant.query:
        check_restriction(grant.query)


def principal_of(text: str) -> str:
    """The principal that ``text`` names: as records do, or an API key by its id alone.

    Raises:
        UsageError: it names none; says what would.
    """
    if _KEY.fullmatch(text):
        return text if text.startswith("api-key:") else f"api-key:{text}"
    if not _SUBJECT.fullmatch(text) or len(text) > _MAX_PRINCIPAL or not text.isprintable():
        detail = f"{text!r} names no principal; write an API key's id, api-key:ID, or oidc:PROVIDER:SUBJECT"
        raise UsageError(detail)
    return text


def grant_of(record: GrantRecord) -> Grant:
    """The grant that is kept as this."""
    return Grant(Role(record.role), record.log, record.query)


def grant_record(grant: Grant) -> GrantRecord:
    """The grant as it is kept."""
    return GrantRecord(role=grant.role.value, log=grant.log, query=grant.query)


def _target(principal: str) -> tuple[str, str]:
    kind, _, name = principal.partition(":")
    return kind, name


def _check_principal(principal: str) -> None:
    if principal_of(principal) != principal:
        detail = f"{principal!r} names no principal; write api-key:ID, or oidc:PROVIDER:SUBJECT"
        raise UsageError(detail)


def _ensure_principal(connection: Connection, principal: str, *, at: str, by: str) -> None:
    if statements.find_principal(connection, principal) is not None:
        return
    if principal.startswith("api-key:"):
        detail = f"there is no API key {principal.removeprefix('api-key:')!r}"
        raise NotFound(detail)
    record = statements.PrincipalRecord(id=principal, kind="oidc", name=principal, created_at=at, created_by=by)
    statements.insert_principal(connection, record)


def _info(stored: StoredGrant) -> GrantInfo:
    return GrantInfo(
        id=stored.id,
        principal=stored.principal_id,
        principal_name=stored.principal_name,
        grant=Grant(Role(stored.role), stored.log, stored.query),
        created_at=parse_instant(stored.created_at),
        created_by=stored.created_by,
    )
