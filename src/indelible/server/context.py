"""What every route needs: the logs, who is asking, the limits, and the threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from indelible.access import Permission
from indelible.errors import Forbidden, ReadOnly, Unavailable
from indelible.server.current_request import current_request
from indelible.server.same_origin import check_no_other_site, check_same_origin
from indelible.server.sessions import session_of
from indelible.system_log import Action

if TYPE_CHECKING:
    from indelible.access import ApiKeys, Authenticator, ClientCertificates, Grants, Principal, Rates
    from indelible.access.oidc.tokens import TokenVerifier
    from indelible.config import ServerSettings
    from indelible.control import SearchStore
    from indelible.server.blocking import Blocking
    from indelible.server.body import Budget, Headers
    from indelible.server.following import Following
    from indelible.server.hosted_logs import HostedLog, HostedLogs
    from indelible.server.metrics import Metrics
    from indelible.server.readiness import Readiness
    from indelible.server.searching import Searching
    from indelible.server.sessions import Sessions
    from indelible.server.sign_ins import SignIns
    from indelible.server.system_events import SystemEvents
    from indelible.system_log import Caller
    from indelible.system_log.acts import Acts

__all__ = ["Context"]

_READING = frozenset({Permission.READ, Permission.READ_ALL, Permission.PROVE})
_log = structlog.get_logger("indelible.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts of one server, handed to its routes."""

    logs: HostedLogs
    api_keys: ApiKeys
    grants: Grants
    authenticator: Authenticator
    certificates: ClientCertificates
    settings: ServerSettings
    blocking: Blocking
    budget: Budget
    metrics: Metrics
    rates: Rates
    searches: SearchStore
    searching: Searching
    following: Following
    exporting: Blocking
    system: SystemEvents
    acts: Acts
    readiness: Readiness
    tokens: TokenVerifier
    sessions: Sessions
    sign_ins: SignIns

    async def authenticate(self, headers: Headers) -> Principal:
        """Who is asking: by an ``Authorization`` header, else by a client certificate, else by a session's cookie.

        Raises:
            Unauthenticated: nobody that is known.
            RateLimited: somebody who has sent their share of requests for now.
            Forbidden: it has a certificate or a session's cookie, and another site may have sent it.
        """
        principal = self.authenticator.recall(headers.authorization)
        if principal is None and headers.authorization is None:
            principal = await self._authenticate_otherwise(headers)
        if principal is None:
            principal = await self.blocking(lambda: self.authenticator.authenticate(headers.authorization))
        current_request().principal = principal
        if self.authenticator.uses_due:
            self.blocking.start(self.write_uses)
        self.rates.take_request(principal)
        return principal

    async def _authenticate_otherwise(self, headers: Headers) -> Principal | None:
        """Who is asking without an ``Authorization`` header: by a client certificate, else by a session."""
        if headers.client_certificate is not None:
            check_no_other_site(current_request().scope)
            return self.certificates.authenticate(headers.client_certificate)
        cookie = session_of(headers.cookie)
        if cookie is None:
            return None
        check_same_origin(current_request().scope)
        principal = self.sessions.recall(cookie)
        return principal or (await self.blocking(lambda: self.sessions.authenticate(cookie))).principal

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
            Unavailable: it is to read one of the server's own logs, and that cannot be recorded now.
        """
        principal = await self.authenticate(headers)
        principal.require(permission, log)
        hosted = self.logs.get(log)
        if log.startswith("_") and permission in _READING:
            await self.system.record_reading(principal, Action.SYSTEM_READ, log)
        return principal, hosted

    def caller(self, principal: Principal) -> Caller:
        """Who does what this request asks for, and from where, for the record."""
        return current_request().caller(principal)

    def write_uses(self) -> None:
        """Write down when keys were last used. Blocks. What cannot be written is not worth stopping for."""
        try:
            self.authenticator.write_uses()
        except ReadOnly:
            pass  # a server that only reads
        except Unavailable as error:
            _log.warning("key_uses_not_written", error=type(error).__name__)
