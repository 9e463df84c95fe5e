"""An API key as the command line shows it: the JSON object of the HTTP interface, a table's row, a few lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from indelible.access import NewApiKey
from indelible.access.instants import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.access import ApiKeyInfo, Grant
    from indelible.cli.terminal import Terminal

__all__ = ["described", "granted", "print_key", "print_new_key", "row"]


def described(key: ApiKeyInfo) -> dict[str, Any]:
    """The key as ``GET /v1/api-keys/{id}`` describes it, with its secret when it is new."""
    shown: dict[str, Any] = {
        "id": key.id,
        "principal": key.principal,
        "name": key.name,
        "grants": [granted(grant) for grant in key.grants],
        "limit": {
            "requests_per_second": key.limit.requests_per_second,
            "events_per_second": key.limit.events_per_second,
        },
        "created_at": format_instant(key.created_at),
        "created_by": key.created_by,
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "rotated_to": key.rotated_to,
        "last_used_at": _time(key.last_used_at),
    }
    if isinstance(key, NewApiKey):
        shown["secret"] = key.secret
    return shown


def granted(grant: Grant) -> dict[str, str]:
    """A grant as it stands in a key's description; without a query where there is none."""
    restriction = {"query": grant.query} if grant.query else {}
    return {"role": grant.role.value, "log": grant.log, **restriction}


def row(key: Mapping[str, Any]) -> tuple[str, ...]:
    """A line of the list: id, name, grants, when it was made, when it was last used, and how it is."""
    return key["id"], key["name"], _grants(key), key["created_at"], key["last_used_at"] or "never", _state(key)


def print_key(terminal: Terminal, key: Mapping[str, Any]) -> None:
    """Print one key, without a secret."""
    if terminal.json:
        terminal.result(key)
        return
    terminal.say(f"{key['id']}: {key['name']}", style="bold")
    rates = [f"{rate:,} {name.removesuffix('_per_second')}/s" for name, rate in key["limit"].items() if rate]
    for heading, text in (
        ("state", _state(key)),
        ("principal", key["principal"]),
        ("grants", _grants(key)),
        ("limit", " ".join(rates) or "none of its own"),
        ("created", f"{key['created_at']} by {key['created_by']}"),
        ("last used", key["last_used_at"] or "never"),
    ):
        terminal.say(f"{heading:<9}  {text}")


def print_new_key(terminal: Terminal, key: Mapping[str, Any]) -> None:
    """Print a key just made: its secret, for the only time."""
    if terminal.json:
        terminal.result(key)
    terminal.say(key["secret"])
    terminal.note("The key is shown only now: keep it where you keep secrets.", style="yellow")


def _grants(key: Mapping[str, Any]) -> str:
    return ", ".join(
        " ".join(filter(None, (f"{each['role']}:{each['log']}", each.get("query")))) for each in key["grants"]
    )


def _state(key: Mapping[str, Any]) -> str:
    if key["revoked_at"] is not None:
        return f"revoked {key['revoked_at']}"
    replaced = "" if key["rotated_to"] is None else f", replaced by {key['rotated_to']}"
    if key["expires_at"] is None:
        return "active"
    if datetime.fromisoformat(key["expires_at"]) <= datetime.now(UTC):
        return f"expired {key['expires_at']}{replaced}"
    return f"until {key['expires_at']}{replaced}"


def _time(time: datetime | None) -> str | None:
    return None if time is None else format_instant(time)
