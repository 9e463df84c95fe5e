"""Whoever a request comes from, once their credentials have been checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indelible.access.rates import RateLimit
from indelible.access.restriction import parse_restriction
from indelible.access.roles import Permission
from indelible.errors import Forbidden
from indelible.query.ast import Everything
from indelible.query.formula import any_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.access.roles import Grant
    from indelible.query.ast import Query

__all__ = ["Principal"]

_NEEDED = {
    Permission.DESCRIBE: "any role",
    Permission.APPEND: "the role writer or admin",
    Permission.READ: "the role reader, auditor or admin",
    Permission.READ_ALL: "the role reader (of everything), auditor or admin",
    Permission.PROVE: "the role auditor or admin",
    Permission.EXPORT: "the role auditor or admin",
    Permission.ADMINISTER: "the role admin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated caller. ``id`` is what records name as their ``principal``; ``limit`` is its own, if any."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    limit: RateLimit = field(default_factory=RateLimit)

    def may(self, permission: Permission, log: str) -> bool:
        """Whether any grant allows this on the log of this name."""
        for grant in self.grants:  # noqa: SIM110 - a generator costs more than the one or two grants that most have
            if grant.allows(permission, log):
                return True
        return False

    def require(self, permission: Permission, log: str) -> None:
        """Do nothing if this is allowed.

        Raises:
            Forbidden: it is not. The text does not depend on whether such a log exists.
        """
        if self.may(permission, log):
            return
        if permission is Permission.APPEND and log.startswith("_"):
            detail = f"the server alone writes to {log!r}: logs whose names begin with _ are its own"
            raise Forbidden(detail)
        detail = f"this needs {_NEEDED[permission]} on the log {log!r}, which {self.name!r} does not have"
        raise Forbidden(detail)

    def visible(self, log: str) -> Query:
        """What of a log this principal may read: everything, what matches its grants' queries, or nothing.

        Whoever searches a log for a principal asks for what matches the question *and* this. Needs the parser of the
        query language when a grant is restricted.

        Raises:
            QueryError: a restriction cannot be read (by this version); then nothing may be shown.
        """
        reading = [grant for grant in self.grants if grant.allows(Permission.READ, log)]
        if any(not grant.query for grant in reading):
            return Everything()
        return any_of(parse_restriction(grant.query) for grant in reading)

    def require_administration(self, patterns: Iterable[str]) -> None:
        """Do nothing if this principal administers every log that any of these names or patterns can name.

        Raises:
            Forbidden: it does not.
        """
        for pattern in patterns:
            if not self.administers(pattern):
                detail = f"this needs the role admin on {pattern!r}, which {self.name!r} does not have"
                raise Forbidden(detail)

    def require_any_grant(self) -> None:
        """Do nothing if there is anything that this principal may do.

        Raises:
            Forbidden: there is nothing.
        """
        if not self.grants:
            detail = f"{self.name!r} is known ({self.id}) and has no role here; an administrator grants one"
            raise Forbidden(detail)

    @property
    def administers_any(self) -> bool:
        """Whether this principal administers anything at all."""
        return any(grant.role.allows(Permission.ADMINISTER) for grant in self.grants)

    def administers(self, pattern: str) -> bool:
        """Whether this principal may give and take roles on the logs that the pattern names."""
        return any(grant.role.allows(Permission.ADMINISTER) and grant.covers(pattern) for grant in self.grants)
