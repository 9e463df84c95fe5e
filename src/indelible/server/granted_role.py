"""A role on a log as requests write it, with the place of whatever is wrong with it."""

from __future__ import annotations

from msgspec import Struct

from indelible.access import Grant, Role
from indelible.access.grants import check_grant
from indelible.errors import QueryError, UsageError
from indelible.server.problem import Refusal

__all__ = ["GrantedRole", "read_grant"]


class GrantedRole(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A role on a log, or on all whose names begin in some way: ``team-a-*``, ``*``.

    ``query`` restricts a reader to the records that match it.
    """

    role: Role
    log: str
    query: str | None = None


def read_grant(role: Role, log: str, query: str | None, *, pointer: str) -> Grant:
    """The grant; ``pointer`` is where in the request it stands.

    Raises:
        Refusal: 422: the log cannot be one, or the query cannot restrict this.
    """
    try:
        grant = Grant(role, log)
    except UsageError as error:
        raise Refusal(422, "invalid-request", str(error), pointer=f"{pointer}/log") from error
    if query is None:
        return grant
    try:
        restricted = Grant(role, log, query or " ")
        check_grant(restricted)
    except (QueryError, UsageError) as error:
        raise Refusal(422, "invalid-request", str(error), pointer=f"{pointer}/query") from error
    return restricted
