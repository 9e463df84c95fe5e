"""Roles, what each allows, and the logs that a grant covers.

This is the whole matrix of INTERFACES "Roles":

============= ====== ========== ====== ======= =====
permission    writer reader     reader auditor admin
                     of a query
============= ====== ========== ====== ======= =====
describe      yes    yes        yes    yes     yes
append        yes    --         --     --      yes
read          --     matches    yes    yes     yes
read all      --     --         yes    yes     yes
prove         --     --         --     yes     yes
administer    --     --         --     --      yes
============= ====== ========== ====== ======= =====

A reader's grant may be restricted by a query (``reader:main tenant:acme``): then only records that match it exist for
that reader, and nothing that would give away others, such as a tile, is for them.

Nothing here allows to change or delete a record: there is no such permission. Logs whose name begins with ``_`` are
the system's own: auditors and admins may read them, and nobody appends to them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from indelible.errors import UsageError

__all__ = ["Grant", "Permission", "Role"]

_LOG_PATTERN = re.compile(r"\*|[a-z0-9_][a-z0-9._-]{0,62}\*?")


class Permission(StrEnum):
    """Something that a request needs to be allowed on a log. Text, because Python hashes that fastest."""

    DESCRIBE = "describe"
    """See the log's size, checkpoint and keys."""
    APPEND = "append"
    """Add events."""
    READ = "read"
    """See events: those that the principal's grants make visible."""
    READ_ALL = "read all"
    """See whatever holds all events: tiles and entry bundles."""
    PROVE = "prove"
    """Get inclusion and consistency proofs."""
    ADMINISTER = "administer"
    """Create the log, and keys with roles on it."""


class Role(StrEnum):
    """What a principal may do on the logs that a grant covers."""

    WRITER = "writer"
    READER = "reader"
    AUDITOR = "auditor"
    ADMIN = "admin"

    def allows(self, permission: Permission) -> bool:
        """Whether the role includes the permission."""
        return permission in _ALLOWED[self]


_RESTRICTED = frozenset({Permission.DESCRIBE, Permission.READ})
_READER = _RESTRICTED | {Permission.READ_ALL}
_ALLOWED = {
    Role.WRITER: frozenset({Permission.DESCRIBE, Permission.APPEND}),
    Role.READER: _READER,
    Role.AUDITOR: _READER | {Permission.PROVE},
    Role.ADMIN: frozenset(Permission),
}
_SYSTEM_ROLES = frozenset({Role.AUDITOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Grant:
    """A role on one log (``main``) or on every log whose name begins in some way (``team-a-*``, ``*``).

    ``query`` restricts a reader to the records that match it; empty, it restricts nothing. Whether it can be read is
    checked when the grant is made (:func:`indelible.access.restriction.check_restriction`).
    """

    role: Role
    log: str
    query: str = ""

    def __post_init__(self) -> None:
        if self.query and self.role is not Role.READER:
            detail = f"a query restricts readers only: {self.role} on {self.log} sees, or writes, everything"
            raise UsageError(detail)
        if _LOG_PATTERN.fullmatch(self.log) is None:
            detail = (
                f"{self.log!r} is neither a log's name nor the beginning of names followed by a star, "
                'such as "main", "team-a-*" or "*"'
            )
            raise UsageError(detail)

    @classmethod
    def parse(cls, text: str) -> Grant:
        """Read ``role:log`` or ``reader:log query``, as the command line takes it: ``reader:team-a-* tenant:acme``.

        Raises:
            UsageError: it is not of that form; the text says what would be.
        """
        granted, _, query = text.partition(" ")
        role, colon, log = granted.partition(":")
        if not colon or role not in list(Role):
            detail = f"{text!r} is not a grant; write ROLE:LOG with a role of {', '.join(Role)}, such as writer:main"
            raise UsageError(detail)
        return cls(Role(role), log, query.strip())

    def covers(self, log: str) -> bool:
        """Whether a log of this name, or every log that this pattern names, falls under the grant."""
        if self.log.endswith("*"):
            return log.startswith(self.log[:-1])
        return log == self.log

    def allows(self, permission: Permission, log: str) -> bool:
        """Whether the grant permits this on the log of this name."""
        if permission not in (_RESTRICTED if self.query else _ALLOWED[self.role]) or not self.covers(log):
            return False
        return not log.startswith("_") or (permission is not Permission.APPEND and self.role in _SYSTEM_ROLES)

    @property
    def text(self) -> str:
        """The form that :meth:`parse` reads: ``writer:main``."""
        return f"{self.role}:{self.log} {self.query}".rstrip()
