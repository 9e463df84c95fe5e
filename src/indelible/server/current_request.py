"""The request that is being answered: where it comes from, and who it turned out to be.

Held in a context variable, so that whoever records something about it need not be handed it through everything between.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from indelible.system_log import Caller

if TYPE_CHECKING:
    from indelible.access import Principal
    from indelible.server.asgi import Scope

__all__ = ["CurrentRequest", "current_request", "enter_request"]


class CurrentRequest:
    """One request. ``principal`` is set once it is known who asks."""

    __slots__ = ("_request_id", "principal", "scope")

    def __init__(self, scope: Scope, request_id: bytes) -> None:
        self.scope = scope
        self._request_id = request_id
        self.principal: Principal | None = None

    def caller(self, principal: Principal | None = None) -> Caller:
        """Who asks, and from where, as records say it; ``principal`` for one other than :attr:`principal`."""
        who = principal or self.principal
        client = self.scope.get("client")
        agent = next((value for name, value in self.scope["headers"] if name == b"user-agent"), b"")
        return Caller(
            id="anonymous:-" if who is None else who.id,
            name="" if who is None else who.name,
            ip=client[0] if client else "",
            user_agent=agent.decode("latin-1"),
            request_id=self._request_id.decode(),
        )


_current: ContextVar[CurrentRequest] = ContextVar("current_request")


def enter_request(scope: Scope, request_id: bytes) -> CurrentRequest:
    """Make this the request that is being answered, in this task."""
    request = CurrentRequest(scope, request_id)
    _current.set(request)
    return request


def current_request() -> CurrentRequest:
    """The request that this task is answering."""
    return _current.get()
