"""``indelible doctor``: what is wrong with a data directory and the machine below it, and what to do about it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indelible.cli.failure import FOUND
from indelible.cli.policy_file import read_policy
from indelible.cli.target import DEFAULT_DATA, DataOption, JsonOption
from indelible.cli.terminal import Terminal
from indelible.embedded import DataDirectory
from indelible.errors import ConfigurationError, NotFound
from indelible.operations.doctor import ask, examine
from indelible.operations.doctor.diagnosis import Diagnosis, Level, problem, sound, warning
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.formats.tlog_policy import Policy

__all__ = ["doctor", "register"]

_SOON = dt.timedelta(days=14)
_STYLES = {Level.SOUND: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor", epilog="Example: indelible doctor --data /var/lib/indelible")(doctor)


def doctor(
    *,
    data: DataOption = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="A C2SP tlog-policy, whose witnesses are to be reachable."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Examine a data directory and the machine below it, and say what to do about each finding.

    Looks at disk, file system, permissions, control data, the writer, certificates, each log's keys, pins, right edge,
    publication, index and clock, and with --policy whether its witnesses can be reached. Changes nothing, needs no
    lock; `indelible verify` looks at every entry. Exits with 1 when it finds a problem; warnings alone are 0.
    """
    terminal = Terminal(json=json)
    path = data or Path(os.environ.get("INDELIBLE_DATA") or DEFAULT_DATA)
    witnessed = None if policy is None else read_policy(policy)
    found = list(_examine(path, witnessed))
    worst = max((list(Level).index(each.level) for each in found), default=0)
    if json:
        terminal.result({"data": str(path), "findings": [each.to_json() for each in found]})
    else:
        _show(terminal, found)
    raise typer.Exit(FOUND if list(Level)[worst] is Level.PROBLEM else 0)


def _examine(path: Path, policy: Policy | None) -> Iterator[Diagnosis]:
    try:
        directory = DataDirectory.open(path)
    except ConfigurationError as error:
        yield problem("configuration", str(error), "correct what is named; until then nothing else can be looked at")
        return
    except NotFound:
        if not (path / "logs").is_dir():
            raise  # it is no data directory, or none yet
        yield problem("configuration", f"{path / 'indelible.toml'} is gone, though there are logs", "restore it")
        return
    yield from examine(directory, Pins.load(os.environ), policy)
    yield from ask([("certificate", lambda: _certificate(directory))])


def _show(terminal: Terminal, found: list[Diagnosis]) -> None:
    terminal.table(
        ("", "what", "found"),
        [(each.level.value, each.subject, each.detail) for each in found],
        styles=[_STYLES[each.level] for each in found],
    )
    for each in found:
        if each.remedy:
            terminal.say(f"{each.subject}: {each.remedy}", style=_STYLES[each.level])


def _certificate(directory: DataDirectory) -> Iterator[Diagnosis]:
    """The server's own TLS, which the bare install knows nothing of."""
    settings = directory.configuration.tls
    if not settings.enabled:
        return
    from indelible.server.tls import TlsFiles  # noqa: PLC0415 - of the server's extra

    tls = TlsFiles.from_settings(settings, directory.path)
    if tls is None:
        return
    facts = tls.check()
    left = facts.not_after - dt.datetime.now(dt.UTC)
    until = facts.not_after.strftime("%Y-%m-%d %H:%M UTC")
    remedy = "renew it, then send the server SIGHUP"
    if left <= dt.timedelta(0):
        yield problem("certificate", f"it ended at {until}", remedy)
    elif left < _SOON:
        yield warning("certificate", f"it ends in {left.days} days, at {until}", remedy)
    else:
        yield sound("certificate", f"for {', '.join(facts.names)}, until {until}")
