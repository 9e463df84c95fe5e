"""``indelible import``: take in what other systems, or other logs, have recorded."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indelible.cli.failure import DONE, FOUND
from indelible.cli.intake.appending import Tally, append_all
from indelible.cli.intake.documents import Translator, read_documents
from indelible.cli.intake.files import find_files
from indelible.cli.intake.git import read_history
from indelible.cli.intake.lines import read_lines
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, LogOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indelible.cli.intake.items import Item
    from indelible.cli.terminal import Meter
    from indelible.sdk.audit_log import AuditLog

__all__ = ["Format", "import_", "import_events", "register"]

_PATIENCE = 60.0
_SHOWN = 20


class Format(StrEnum):
    """What can be imported."""

    NDJSON = "ndjson"
    CLOUDTRAIL = "cloudtrail"
    KUBERNETES = "kubernetes"
    GITHUB = "github"
    GIT = "git"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("import", epilog="Example: indelible import cloudtrail ./AWSLogs")(import_)


def import_(
    form: Annotated[Format, typer.Argument(metavar="FORMAT", help=f"One of: {', '.join(Format)}.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Files or folders, gzip or not; - is standard input; git: repositories."),
    ],
    *,
    log: LogOption = "main",
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Take in events from files. Whatever was imported before is not added again, so a broken import is just repeated.

    What cannot be taken is listed, the rest is taken, and the exit status is then 1.
    """
    terminal = Terminal(json=json)
    tally = Tally()
    with resolve_target(url, data, api_key_file).writer(log, patience=_PATIENCE) as audit_log:
        try:
            lost = import_events(audit_log, form, files, tally, terminal)
        except BaseException:
            if tally.added or tally.duplicates:
                terminal.note(
                    f"stopped after {tally.added:,} events were added; run the same command again to go on: "
                    "nothing is imported twice"
                )
            raise
        if tally.end:
            audit_log.run(audit_log.plans.wait_published(tally.end, _PATIENCE))
        size = audit_log.run(audit_log.plans.describe()).size
    if json:
        terminal.result(_summary(log, tally, size))
    _say(terminal, log, tally, size, lost)
    raise typer.Exit(FOUND if tally.rejected else DONE)


def import_events(audit_log: AuditLog, form: Format, files: Sequence[Path], tally: Tally, terminal: Terminal) -> int:
    """Import files into a log; returns how many events were too large to keep their originals."""
    translator = Translator(audit_log.run(audit_log.plans.describe()).origin)
    sized = form is not Format.GIT
    with terminal.meter(f"importing {form}", total=None, unit="events", sized=sized) as meter:
        items = _items(form, files, translator, _Progress(meter, tally))
        append_all(audit_log, items, tally, done=lambda _: None)
    return translator.without_raw


class _Progress:
    """Adds up what the readers report."""

    def __init__(self, meter: Meter, tally: Tally) -> None:
        self._meter = meter
        self._tally = tally
        self._before = 0  # of the files that are finished

    def total(self, total: int) -> None:
        self._meter.total(total)

    def at(self, position: int) -> None:
        self._meter.show(completed=self._before + position, count=self._tally.read)

    def of(self, position: int, total: int) -> None:
        self._meter.total(total)
        self.at(position)

    def finished(self, size: int) -> None:
        self._before += size
        self.at(0)


def _items(form: Format, files: Sequence[Path], translator: Translator, progress: _Progress) -> Iterator[Item]:
    if form is Format.GIT:
        for repository in files:
            yield from read_history(repository, translator, advance=progress.of)
        return
    inputs = find_files(files)
    progress.total(sum(file.size for file in inputs))
    if form is not Format.NDJSON:
        yield from read_documents(inputs, form, translator, advance=progress.finished)
        return
    for file in inputs:
        yield from read_lines(file, origin=translator.origin, advance=progress.at)
        progress.finished(file.size)


def _summary(log: str, tally: Tally, size: int) -> dict[str, object]:
    return {
        "log": log,
        "read": tally.read,
        "added": tally.added,
        "duplicates": tally.duplicates,
        "rejected": [{"file": one.file, "record": one.record, "detail": one.detail} for one in tally.rejected],
        "first_index": tally.first_index,
        "size": size,
    }


def _say(terminal: Terminal, log: str, tally: Tally, size: int, lost: int) -> None:
    terminal.say(
        f"{tally.read:,} events read: {tally.added:,} added, {tally.duplicates:,} there already, "
        f"{len(tally.rejected):,} rejected; {log} has {size:,} entries"
    )
    if lost:
        terminal.say(f"{lost:,} were too large to keep their originals, whose hashes they keep")
    for one in tally.rejected[:_SHOWN]:
        terminal.note(f"rejected: {one.file}{f', {one.record}' if one.record else ''}: {one.detail}", style="yellow")
    if len(tally.rejected) > _SHOWN:
        terminal.note(f"and {len(tally.rejected) - _SHOWN:,} more: --json lists them all", style="yellow")
