"""What every route needs: the logs, who is asking, the limits, and the threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indelible.access import ApiKeys, Authenticator, Permission, Principal
    from indelible.config import ServerSettings
    from indelible.server.blocking import Blocking
    from indelible.server.body import Budget, Headers
    from indelible.server.hosted_logs import HostedLog, HostedLogs
    from indelible.server.metrics import Metrics

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts of one server, handed to its routes."""

    logs: HostedLogs
    api_keys: ApiKeys
    authenticator: Authenticator
    settings: ServerSettings
    blocking: Blocking
    budget: Budget
    metrics: Metrics

    async def authenticate(self, headers: Headers) -> Principal:
        """Who is asking.

        Raises:
            Unauthenticated: nobody that is known.
        """
        known = self.authenticator.recall(headers.authorization)
        if known is not None:
            return known
        return await self.blocking(lambda: self.authenticator.authenticate(headers.authorization))

    async def authorise(self, headers: Headers, permission: Permission, log: str) -> tuple[Principal, HostedLog]:
        """Who is asking, and the log, once it is known that they may do this with it.

        Raises:
            Unauthenticated: nobody that is known.
            Forbidden: they may not; said before it is known whether there is such a log.
            NotFound: there is no such log.
        """
        principal = await self.authenticate(headers)
        principal.require(permission, log)
        return principal, self.logs.get(log)
