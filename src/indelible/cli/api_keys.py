"""``indelible api-keys``: who may speak to the server."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indelible.access import ApiKeys, Grant
from indelible.access.instants import format_instant
from indelible.cli.target import (
    ApiKeyFileOption,
    DataOption,
    JsonOption,
    ServerTarget,
    UrlOption,
    resolve_target,
)
from indelible.cli.terminal import Terminal
from indelible.client import Administration
from indelible.control import ControlStore
from indelible.embedded import DataDirectory
from indelible.embedded.api import local_principal
from indelible.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from indelible.access import ApiKeyInfo

__all__ = ["create", "list_", "register", "revoke"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    keys = typer.Typer(
        help="List, create and revoke API keys.", no_args_is_help=True, epilog="Example: indelible api-keys list"
    )
    keys.command("list", epilog="Example: indelible api-keys list")(list_)
    keys.command("create", epilog="Example: indelible api-keys create --name ci --grant writer:main")(create)
    keys.command("revoke", epilog="Example: indelible api-keys revoke 7KQ2M3XA")(revoke)
    app.add_typer(keys, name="api-keys")


def list_(
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """List the API keys, newest first; revoked and expired ones too, and never a secret."""
    terminal = Terminal(json=json)
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            keys = server.api_keys()
    else:
        directory = DataDirectory.open(target.path)
        try:
            with ControlStore.open(directory.control_path, read_only=True) as store:
                keys = [_described(key) for key in ApiKeys(store).list()]
        except NotFound:
            keys = []  # a directory that was made in process, and never served
    if json:
        terminal.result({"api_keys": keys})
    terminal.table(("id", "name", "grants", "created", "state"), [_row(key) for key in keys])


def create(
    *,
    name: Annotated[str, typer.Option("--name", help="For people: what the key is for.")],
    grant: Annotated[
        list[str],
        typer.Option("--grant", metavar="ROLE:LOG", help="writer, reader, auditor or admin, for a log or a pattern."),
    ],
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="RFC 3339, such as 2030-01-01T00:00:00Z.")
    ] = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Make an API key. It is shown once, and only its hash is kept."""
    terminal = Terminal(json=json)
    grants = [Grant.parse(text) for text in grant]
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            key = server.create_api_key(
                name=name,
                grants=[{"role": one.role.value, "log": one.log} for one in grants],
                expires_at=expires,
            )
    else:
        with _writing(target.path) as keys:
            new = keys.create(name=name, grants=grants, created_by=local_principal(), expires_at=_moment(expires))
        key = {**_described(new), "secret": new.secret}
    if json:
        terminal.result(key)
    terminal.say(key["secret"])
    terminal.note("The key is shown only now: keep it where you keep secrets.", style="yellow")


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `api-keys list` shows it.")],
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Make an API key worthless, at once. Its records stay what they are."""
    terminal = Terminal(json=json)
    target = resolve_target(url, data, api_key_file)
    if isinstance(target, ServerTarget):
        with Administration(target.url, api_key=target.api_key) as server:
            server.revoke_api_key(key_id)
    else:
        with _writing(target.path) as keys:
            keys.revoke(key_id, by=local_principal())
    if json:
        terminal.result({"id": key_id, "revoked": True})
    terminal.say(f"{key_id} is revoked")


@contextmanager
def _writing(path: Path) -> Iterator[ApiKeys]:
    """The keys of a directory, to be changed under its lock."""
    with DataDirectory.open(path) as directory:
        directory.lock()
        with ControlStore.open(directory.control_path) as store:
            yield ApiKeys(store)


def _described(key: ApiKeyInfo) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "grants": [{"role": grant.role.value, "log": grant.log} for grant in key.grants],
        "created_at": format_instant(key.created_at),
        "created_by": key.created_by,
        "expires_at": None if key.expires_at is None else format_instant(key.expires_at),
        "revoked_at": None if key.revoked_at is None else format_instant(key.revoked_at),
    }


def _row(key: Mapping[str, Any]) -> tuple[str, ...]:
    grants = " ".join(f"{grant['role']}:{grant['log']}" for grant in key["grants"])
    if key["revoked_at"] is not None:
        state = f"revoked {key['revoked_at']}"
    else:
        state = "active" if key["expires_at"] is None else f"until {key['expires_at']}"
    return key["id"], key["name"], grants, key["created_at"], state


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires {text!r} is not a time such as 2030-01-01T00:00:00Z") from None
    if moment.tzinfo is None:
        raise UsageError(f"--expires {text!r} lacks its zone: end it with Z for UTC")
    return moment
