"""Denials, added up: one record for a source, a principal and a minute, however often somebody knocks.

A record for each would let a stranger fill the log. Memory is bounded, too: of the sources of one minute the first
thousand are told apart, the others are counted together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from indelible.system_log.caller import Caller
from indelible.system_log.event import Action, SystemEvent

__all__ = ["MINUTE", "Denials"]

MINUTE = 60.0
_MAX_SOURCES = 1_000
_MAX_ROUTES = 10
_NOBODY = "anonymous:-"


@dataclass(slots=True)
class _Count:
    caller: Caller  # of the first of them
    number: int = 0
    routes: dict[str, int] = field(default_factory=dict)


class Denials:
    """Counts what was denied. Used on one thread."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Action, str, str], _Count] = {}
        self._others = {Action.LOGIN_DENIED: 0, Action.ACCESS_DENIED: 0}

    @property
    def empty(self) -> bool:
        """Whether nothing has been counted since the last :meth:`take`."""
        return not self._counts

    def count(self, caller: Caller | None, source: Caller, route: str) -> None:
        """Count one more.

        Args:
            caller: Who was denied, once they were known; ``None`` when nobody knows who it was.
            source: Where it came from: only its address and what else is known of the request count.
            route: What was asked for: one of a few, never the path that was asked for.
        """
        action = Action.LOGIN_DENIED if caller is None else Action.ACCESS_DENIED
        principal = _NOBODY if caller is None else caller.id
        key = (action, principal, source.ip)
        count = self._counts.get(key)
        if count is None:
            if len(self._counts) >= _MAX_SOURCES:
                self._others[action] += 1
                return
            name = "" if caller is None else caller.name
            known = Caller(
                id=principal, name=name, ip=source.ip, user_agent=source.user_agent, request_id=source.request_id
            )
            count = self._counts[key] = _Count(known)
        count.number += 1
        if route in count.routes or len(count.routes) < _MAX_ROUTES:
            count.routes[route] = count.routes.get(route, 0) + 1

    def take(self) -> list[SystemEvent]:
        """The events for what was counted, which is forgotten here."""
        events = [
            SystemEvent(
                action=action,
                by=count.caller,
                outcome="denied",
                details={"count": count.number, "seconds": int(MINUTE), "routes": count.routes},
            )
            for (action, _, _), count in self._counts.items()
        ]
        events += [
            SystemEvent(
                action=action,
                by=Caller(id=_NOBODY),
                outcome="denied",
                details={"count": number, "seconds": int(MINUTE), "sources": "others"},
            )
            for action, number in self._others.items()
            if number
        ]
        self._counts = {}
        self._others = dict.fromkeys(self._others, 0)
        return events
