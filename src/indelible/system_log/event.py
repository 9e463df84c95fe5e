"""The server's own events: which there are, and how one is written."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from indelible.system_log.caller import Caller  # noqa: TC001 - msgspec reads the annotations

__all__ = ["Action", "SystemEvent"]

_MAX_REASON = 1_000


class Action(StrEnum):
    """What is recorded. The value is the record's ``action``."""

    LOG_CREATED = "indelible.log_created"
    API_KEY_CREATED = "indelible.api_key_created"
    API_KEY_ROTATED = "indelible.api_key_rotated"
    API_KEY_REVOKED = "indelible.api_key_revoked"
    GRANT_CHANGED = "indelible.grant_changed"
    LOGIN = "indelible.login"
    LOGOUT = "indelible.logout"
    LOGIN_DENIED = "indelible.login_denied"
    """Nobody that is known asked for something; added up by source and minute."""
    ACCESS_DENIED = "indelible.access_denied"
    """Somebody asked for what they may not; added up by principal, source and minute."""
    SEARCH = "indelible.search"
    STREAM_OPENED = "indelible.stream_opened"
    EXPORT = "indelible.export"
    SYSTEM_READ = "indelible.system_read"
    """Somebody read single records, tiles or proofs of a log of the server's own."""
    UNSEAL = "indelible.unseal"
    HOLD_PLACED = "indelible.hold_placed"
    HOLD_RELEASED = "indelible.hold_released"
    RETENTION_CHANGED = "indelible.retention_changed"
    ERASED = "indelible.erased"
    SERVER_STARTED = "indelible.server_started"
    SERVER_STOPPED = "indelible.server_stopped"
    VERIFICATION_FAILED = "indelible.verification_failed"
    FORWARDER_STALLED = "indelible.forwarder_stalled"

    @property
    def operation(self) -> str:
        """The coarse kind, for control reports."""
        return _OPERATIONS.get(self, "other")


_OPERATIONS = {
    Action.LOG_CREATED: "create",
    Action.API_KEY_CREATED: "create",
    Action.API_KEY_ROTATED: "update",
    Action.API_KEY_REVOKED: "delete",
    Action.GRANT_CHANGED: "update",
    Action.LOGIN: "login",
    Action.LOGOUT: "logout",
    Action.LOGIN_DENIED: "login",
    Action.ACCESS_DENIED: "other",
    Action.SEARCH: "read",
    Action.STREAM_OPENED: "read",
    Action.EXPORT: "export",
    Action.SYSTEM_READ: "read",
    Action.UNSEAL: "read",
    Action.HOLD_PLACED: "create",
    Action.HOLD_RELEASED: "delete",
    Action.RETENTION_CHANGED: "update",
    Action.ERASED: "delete",
}


class SystemEvent(Struct, frozen=True, kw_only=True):
    """One event of the server's own.

    Attributes:
        action: What happened.
        by: Who did it.
        targets: On what, as pairs of type and id.
        details: What else there is to know, as JSON values; never a secret.
        outcome: As records have it; ``unknown`` for an intent.
        reason: Why it failed, if it did.
        id: The event's id; the log makes one when it is empty.
    """

    action: Action
    by: Caller
    targets: tuple[tuple[str, str], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    outcome: str = "success"
    reason: str = ""
    id: str = ""

    def document(self) -> dict[str, Any]:
        """The event as the log takes it."""
        document: dict[str, Any] = {
            "action": self.action.value,
            "operation": self.action.operation,
            "outcome": self.outcome,
            "actor": self.by.actor,
            "context": self.by.context,
        }
        if self.targets:
            document["targets"] = [{"type": kind, "id": name[:256]} for kind, name in self.targets]
        if self.details:
            document["metadata"] = self.details
        if self.reason:
            document["reason"] = self.reason[:_MAX_REASON]
        if self.id:
            document["id"] = self.id
        return document
