"""``indelible init``: make a data directory, and a first key to administer it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indelible.access import ApiKeys, Grant, Role
from indelible.cli.target import DEFAULT_DATA, DataOption, JsonOption
from indelible.cli.terminal import Terminal
from indelible.cli.visible import shortened
from indelible.embedded.administration import administering
from indelible.embedded.birth import MAIN_LOG
from indelible.embedded.data_directory import DataDirectory
from indelible.trust.pins import state_directory

if TYPE_CHECKING:
    from indelible.access import NewApiKey

__all__ = ["first_admin_key", "init", "register"]

_DATA_VARIABLE = "INDELIBLE_DATA"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("init", epilog="Example: indelible init --data ./data --origin logs.example.com/main")(init)


def init(
    *,
    data: DataOption = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="NAME", help="The log's name in the world; a unique one by default."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a data directory: keys, the logs main and _system, and a first admin key, shown once."""
    terminal = Terminal(json=json)
    path = data or Path(os.environ.get(_DATA_VARIABLE) or DEFAULT_DATA)
    with DataDirectory.create(path, origin=origin) as directory:
        key = first_admin_key(directory)
        log = directory.log(MAIN_LOG)
    if json:
        terminal.result(
            {
                "data": str(path),
                "log": log.name,
                "origin": log.origin,
                "vkeys": list(log.vkeys),
                "key": {"id": key.id, "secret": key.secret},
            }
        )
    terminal.say(f"{path} is ready: its logs are {' and '.join(directory.log_names())}", style="bold")
    terminal.say(f"origin     {log.origin}")
    for vkey in log.vkeys:
        terminal.say(f"key        {shortened(vkey)}")
    terminal.say(f"admin key  {key.secret}")
    terminal.note("The admin key is shown only now: keep it where you keep secrets.", style="yellow")
    terminal.note(f"The log's public keys are pinned in {state_directory(os.environ)}; `verify` will demand them.")


def first_admin_key(directory: DataDirectory) -> NewApiKey:
    """Make the first key, which may do everything. The caller holds the directory's lock."""
    with administering(directory) as admin:
        keys = ApiKeys(admin.store, admin.acts)
        return keys.create(name="first admin", grants=[Grant(Role.ADMIN, "*")], by=admin.by)
