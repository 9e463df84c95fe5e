"""``indelible logs``: which logs there are, what one is, a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.cli.visible import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["create", "list_", "register", "show"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    logs = typer.Typer(help="List, show and create logs.", no_args_is_help=True, epilog="Example: indelible logs list")
    logs.command("list", epilog="Example: indelible logs list --url https://audit.example.com")(list_)
    logs.command("show", epilog="Example: indelible logs show main")(show)
    logs.command("create", epilog="Example: indelible logs create team-a")(create)
    app.add_typer(logs, name="logs")


def list_(
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """List the logs."""
    terminal = Terminal(json=json)
    with resolve_target(url, data, api_key_file).administration() as admin:
        descriptions = admin.logs()
    if json:
        terminal.result({"logs": descriptions})
    terminal.table(
        ("log", "entries", "origin"), [(log["log"], f"{log['size']:,}", log["origin"]) for log in descriptions]
    )


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The log.")],
    *,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Show a log: its origin and public keys, its size and root, its signed checkpoint."""
    with resolve_target(url, data, api_key_file).administration() as admin:
        description = admin.log(name)
    _print(Terminal(json=json), description)


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="1 to 63 of a-z 0-9 . _ -, not beginning with _.")],
    *,
    origin: Annotated[
        str | None, typer.Option("--origin", help="Its name in the world; beside main's origin by default.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Let the server give its checkpoint and hash tiles to anyone.")
    ] = False,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Create a log with keys of its own. With --data its keys are pinned in your state directory."""
    with resolve_target(url, data, api_key_file).administration() as admin:
        description = admin.create_log(name, origin=origin, public=public)
    _print(Terminal(json=json), description)


def _print(terminal: Terminal, log: Mapping[str, Any]) -> None:
    if terminal.json:
        terminal.result(log)
        return
    terminal.say(f"{log['log']}: {log['size']:,} entries", style="bold")
    waiting = log["journaled"] - log["size"]
    if waiting > 0:
        terminal.say(f"and {waiting:,} that are durable, not yet covered by a signed checkpoint")
    terminal.say(f"origin  {log['origin']}")
    for vkey in log["vkeys"]:
        terminal.say(f"key     {shortened(vkey)}")
    terminal.say(f"root    {log['root']}")
