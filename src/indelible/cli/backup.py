"""``indelible backup``: a verified copy of a data directory, while a server runs on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, cast

import typer

from indelible.cli.target import DEFAULT_DATA, DataOption, JsonOption
from indelible.cli.terminal import Terminal
from indelible.embedded import DataDirectory
from indelible.errors import UsageError
from indelible.operations.backup import back_up, name_by_time, newest_backup
from indelible.trust.pins import Pins

__all__ = ["backup", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("backup", epilog="Example: indelible backup /backups/2026-11-26 --previous /backups/2026-11-25")(backup)


def backup(
    target: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Where the backup goes; must not exist yet.")
    ] = None,
    *,
    data: DataOption = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            metavar="FOLDER",
            help="An earlier backup: files that never change are shared with it by hard links.",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="FOLDER",
            help="Instead: a folder of backups. The new one is named by its time, and shares with the newest there.",
        ),
    ] = None,
    no_keys: Annotated[
        bool, typer.Option("--no-keys", help="Leave out the logs' private keys; keep them somewhere else.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Copy a data directory, consistently, while a server runs on it; then verify the copy.

    Needs to read the directory, and neither its lock nor a pause. What it writes can be checked with sha256sum, and
    is given back by `indelible restore`. Exits with 1 when the copy does not verify; then nothing is kept.
    """
    terminal = Terminal(json=json)
    if (target is None) == (into is None):
        raise UsageError("say where the backup goes: a FOLDER that does not exist yet, or --into a folder of backups")
    if into is not None:
        previous = previous or newest_backup(into)
        target = into / name_by_time()
    directory = DataDirectory.open(data or Path(os.environ.get("INDELIBLE_DATA") or DEFAULT_DATA))
    with terminal.meter("copying", total=None, unit="files") as meter:

        def on_progress(done: int, total: int) -> None:
            meter.total(total)
            meter.show(completed=done, count=done)

        made = back_up(
            directory,
            cast("Path", target),
            pins=Pins.load(os.environ),
            keys=not no_keys,
            previous=previous,
            on_progress=on_progress,
        )
    if json:
        terminal.result(made.to_json())
    terminal.table(
        ("log", "entries", "and journaled", "root"),
        [
            (log.log, f"{log.size:,}", f"{log.journaled - log.size:,}", log.root[:16] + "…")
            for log in made.manifest.logs
        ],
    )
    for name, reason in made.left_out.items():
        terminal.say(f"left out  {name}: {reason}")
    shared = f", {made.reused:,} shared with {previous}" if previous is not None else ""
    terminal.say(f"{made.path}: {made.files:,} files, {made.bytes:,} bytes{shared}; verified", style="green")
    if made.manifest.keys:
        terminal.note("It holds the logs' private keys: keep it as carefully as the server itself.", style="yellow")
