"""A verification report, for people: a table of verdicts, then what is wrong, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.cli.visible import shortened
from indelible.verify.verdicts import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from indelible.cli.terminal import Terminal
    from indelible.verify.verdicts import Finding, LogReport, Report, VerdictName

__all__ = ["finding_lines", "show_report"]

_SHOWN = 25
_STYLES = {
    Status.VERIFIED: "green",
    Status.NOT_CHECKED: "dim",
    Status.UNVERIFIABLE: "yellow",
    Status.FAILED: "bold red",
}


def show_report(terminal: Terminal, report: Report, required: Collection[VerdictName] | None) -> None:
    """Print the report of every log; required verdicts that do not hold stand out."""
    for log in report.logs:
        _show_log(terminal, log, required)
    status = report.worst(required)
    summary = {
        Status.VERIFIED: "sound",
        Status.FAILED: "NOT SOUND: see above",
        Status.NOT_CHECKED: "not everything that is required could be checked",
        Status.UNVERIFIABLE: "not everything that is required can be verified",
    }[status]
    terminal.say(f"{report.target}: {summary}", style=_STYLES[status])


def finding_lines(finding: Finding) -> Iterator[str]:
    """One finding: what and where, then what was expected and found."""
    where = [finding.kind.value]
    if finding.index is not None:
        where.append(f"entry {finding.index}")
    if finding.event_id is not None:
        where.append(f"event {finding.event_id}")
    if finding.path is not None:
        where.append(f"file {finding.path}")
    yield ", ".join(where)
    if finding.expected is not None:
        yield f"  expected  {finding.expected}"
    if finding.found is not None:
        yield f"  found     {finding.found}"
    yield f"  {finding.detail}"


def _show_log(terminal: Terminal, log: LogReport, required: Collection[VerdictName] | None) -> None:
    size = "its size is not known" if log.size is None else f"{log.size:,} entries"
    root = "" if log.root is None else f", root {log.root.hex()}"
    terminal.say(f"{log.log}: {size}{root}", style="bold")
    for vkey in log.pinned:
        terminal.note(
            f"This key was pinned just now, because the log showed it and you had never met it: {shortened(vkey)}. "
            "Compare it with what the log's owner says.",
            style="yellow",
        )
    wanted = log.requirements(required)
    rows, styles = [], []
    for name, verdict in log.verdicts.items():
        rows.append((f"  {name.value}", verdict.status.value.replace("_", " "), verdict.detail))
        missing = name in wanted and verdict.status is not Status.VERIFIED
        styles.append("bold red" if missing else _STYLES[verdict.status])
    terminal.table(("  verdict", "status", "why"), rows, styles=styles)
    for finding in log.findings[:_SHOWN]:
        for line in finding_lines(finding):
            terminal.say(f"  {line}", style="red")
    hidden = len(log.findings) - _SHOWN + log.omitted_findings
    if hidden > 0:
        terminal.say(f"  and {hidden:,} findings more; --json lists the first thousand", style="red")
    for note in log.notes:
        terminal.say(f"  {note}")
    terminal.say()
