"""What every route needs: the logs, who is asking, the limits, and the threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from indelible.errors import Forbidden, Unavailable

if TYPE_CHECKING:
    from indelible.access import ApiKeys, Authenticator, Grants, Permission, Principal, Rates
    from indelible.config import ServerSettings
    from indelible.server.blocking import Blocking
    from indelible.server.body import Budget, Headers
    from indelible.server.hosted_logs import HostedLog, HostedLogs
    from indelible.server.metrics import Metrics

__all__ = ["Context"]

_log = structlog.get_logger("indelible.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts of one server, handed to its routes."""

    logs: HostedLogs
    api_keys: ApiKeys
    grants: Grants
    authenticator: Authenticator
    settings: ServerSettings
    blocking: Blocking
    budget: Budget
    metrics: Metrics
    rates: Rates

    async def authenticate(self, headers: Headers) -> Principal:
        """Who is asking.

        Raises:
            Unauthenticated: nobody that is known.
            RateLimited: somebody who has sent their share of requests for now.
        """
        principal = self.authenticator.recall(headers.authorization)
        if principal is None:
            principal = await self.blocking(lambda: self.authenticator.authenticate(headers.authorization))
        if self.authenticator.uses_due:
            self.blocking.start(self.write_uses)
        self.rates.take_request(principal)
        return principal

    async def administrator(self, headers: Headers) -> Principal:
        """Who is asking, once it is known that they administer something.

        Raises:
            Unauthenticated: nobody that is known.
            RateLimited: as :meth:`authenticate`.
            Forbidden: they administer nothing.
        """
        principal = await self.authenticate(headers)
        if not principal.administers_any:
            detail = f"this needs the role admin, which {principal.name!r} does not have"
            raise Forbidden(detail)
        return principal

    async def authorise(self, headers: Headers, permission: Permission, log: str) -> tuple[Principal, HostedLog]:
        """Who is asking, and the log, once it is known that they may do this with it.

        Raises:
            Unauthenticated: nobody that is known.
            RateLimited: as :meth:`authenticate`.
            Forbidden: they may not; said before it is known whether there is such a log.
            NotFound: there is no such log.
        """
        principal = await self.authenticate(headers)
        principal.require(permission, log)
        return principal, self.logs.get(log)

    def write_uses(self) -> None:
        """Write down when keys were last used. Blocks. What cannot be written is not worth stopping for."""
        try:
            self.authenticator.write_uses()
        except Unavailable as error:
            _log.warning("key_uses_not_written", error=type(error).__name__)
