"""What a server records of its own doings beside administrative acts: who asked what, and who was turned away.

Reading is answered only once it is on the record; turning somebody away is not held up by it. Used on one event loop.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from indelible.errors import IndelibleError
from indelible.server.current_request import current_request
from indelible.system_log import Action, SystemEvent
from indelible.system_log.asked import Asked
from indelible.system_log.denials import MINUTE, Denials

if TYPE_CHECKING:
    from indelible.access import Principal
    from indelible.server.blocking import Blocking
    from indelible.system_log import SystemLog

__all__ = ["SystemEvents"]

_ONCE = frozenset({Action.SEARCH, Action.STREAM_OPENED, Action.SYSTEM_READ})
_log = structlog.get_logger("indelible.server")


class SystemEvents:
    """Records for one server."""

    def __init__(self, system: SystemLog, blocking: Blocking) -> None:
        self._system = system
        self._blocking = blocking
        self._asked = Asked()
        self._denials = Denials()
        self._timer: asyncio.TimerHandle | None = None

    async def record(self, event: SystemEvent) -> None:
        """Record an event; it is durable when this returns.

        Raises:
            Unavailable: it cannot be recorded now, so what it is about must not happen.
        """
        await self._blocking(partial(self._system.record, event))

    async def record_reading(
        self, principal: Principal, action: Action, log: str, *, query: str = "", details: dict[str, Any] | None = None
    ) -> None:
        """Record who asks what, before it is answered.

        The same question again within ten minutes is one record; an export, which takes data away, is always one.

        Args:
            principal: Who asks.
            action: ``SEARCH``, ``STREAM_OPENED``, ``EXPORT``, or another kind of reading.
            log: Of which log.
            query: What, as it was written.
            details: What else makes this question: a format, the bounds of a time.

        Raises:
            Unavailable: it cannot be recorded now, so it must not be answered.
        """
        question = query if not details else f"{query}\0{sorted(details.items())}"
        if action in _ONCE and not self._asked.is_new(principal.id, action, log, question):
            return
        event = SystemEvent(
            action=action,
            by=current_request().caller(principal),
            targets=(("log", log),),
            details={**(details or {}), **({"query": query} if query else {})},
        )
        await self.record(event)
        if action in _ONCE:
            self._asked.note(principal.id, action, log, question)

    def count_denial(self, route: str) -> None:
        """Count a request that was turned away; it is recorded within a minute, together with others like it."""
        request = current_request()
        known = None if request.principal is None else request.caller()
        self._denials.count(known, request.caller(), route)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MINUTE, self._on_minute)

    def write_denials(self) -> None:
        """Record what has been counted. Blocks. What cannot be recorded is told in the server's own log."""
        self._record_denials(self._denials.take())

    def _on_minute(self) -> None:
        self._timer = None
        self._blocking.start(partial(self._record_denials, self._denials.take()))

    def _record_denials(self, events: list[SystemEvent]) -> None:
        if not events:
            return
        try:
            self._system.record(*events)
        except IndelibleError as error:
            _log.warning("denials_not_recorded", error=type(error).__name__, sources=len(events))
