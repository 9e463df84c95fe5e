"""``indelible restore``: a data directory from a backup, verified before it can serve anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from indelible.cli.target import JsonOption
from indelible.cli.terminal import Terminal
from indelible.cli.verify import given_keys
from indelible.cli.visible import shortened
from indelible.errors import UsageError
from indelible.operations.restore import Restored, Restoring, restore
from indelible.trust.pins import Pins

__all__ = ["register", "restore_backup"]

_MAX_CHECKPOINT_BYTES = 1_000_000


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("restore", epilog="Example: indelible restore /backups/2026-11-26 --data /var/lib/indelible")(
        restore_backup
    )


def restore_backup(
    backup: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `indelible backup` made.")],
    *,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data directory to make; must not exist.")],
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="A checkpoint kept elsewhere: no log may be older than it. Repeatable."
        ),
    ] = None,
    successors: Annotated[
        bool,
        typer.Option(
            "--successors",
            help="Where a log is older than what is remembered: keep it, closed, and begin a new one in its place.",
        ),
    ] = False,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="A C2SP tlog-policy: the keys of every log.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a data directory from a backup, after every file and every log of it has been verified.

    Keys are those that you have pinned or give; on a machine that has never met the logs, those in the backup itself,
    which is said. A log that is older than a checkpoint that you remember, or give, is not restored: whoever saw that
    checkpoint would call what follows a forgery, and be right. Exits with 1 then, and when anything does not verify.
    """
    terminal = Terminal(json=json)
    checked = 0
    with terminal.meter("checking", total=None, unit="files") as meter:

        def on_file() -> None:
            nonlocal checked
            checked += 1
            meter.show(completed=checked, count=checked)

        how = Restoring(
            pins=Pins.load(os.environ),
            given=given_keys(policy, []),
            checkpoints=[_read_checkpoint(path) for path in checkpoint or ()],
            successors=successors,
            environment=os.environ,
            on_file=on_file,
        )
        restored = restore(backup, data, how)
    if json:
        terminal.result(restored.to_json())
    _show(terminal, restored)


def _show(terminal: Terminal, restored: Restored) -> None:
    terminal.table(
        ("log", "entries", "root"),
        [(log.log, f"{log.size:,}", log.root[:16] + "…") for log in restored.manifest.logs],
    )
    for each in restored.successions:
        terminal.say(f"{each.log} was behind what is remembered: it is {each.closed} now, closed.", style="yellow")
        terminal.say(f"A new log {each.log} names it in its first entry. Its origin and keys, for your verifiers:")
        terminal.say(f"origin  {each.origin}")
        for vkey in each.vkeys:
            terminal.say(f"key     {shortened(vkey)}")
    terminal.say(f"{restored.path}: restored from the backup of {restored.manifest.made_at}; verified", style="green")
    for report in restored.report.logs:
        if report.pinned:
            terminal.note(
                f"{report.log}: its keys were taken from the backup itself and are pinned now; compare them.",
                style="yellow",
            )
    if restored.unremembered:
        terminal.note(
            f"Nothing is remembered here of {', '.join(restored.unremembered)}: "
            "if anybody has seen a later checkpoint, restore again with --checkpoint before the server appends.",
            style="yellow",
        )
    if not restored.manifest.keys:
        terminal.note("The backup has no keys: put them back under keys/ before you start the server.", style="yellow")


def _read_checkpoint(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MAX_CHECKPOINT_BYTES + 1)
    if len(data) > _MAX_CHECKPOINT_BYTES:
        raise UsageError(f"{path} is too large to be a checkpoint")
    return data
