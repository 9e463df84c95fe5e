"""``indelible tail``: the newest events, and with ``-f`` those that come."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from indelible.cli.event_table import EventTable
from indelible.cli.failed_entries import FailedEntries
from indelible.cli.interruption import Interrupted
from indelible.cli.log_notes import notes_of
from indelible.cli.query_words import QueryArgument, QueryCommand, as_query
from indelible.cli.reading import reading, say_coverage
from indelible.cli.saved_query import with_saved
from indelible.cli.search_json import entry_json
from indelible.cli.search_options import LocalTimeOption, SavedOption, SearchedLogOption
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import FoundEntry

__all__ = ["register", "tail"]

_NEWEST = 10


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("tail", cls=QueryCommand, epilog="Example: indelible tail -f outcome:denied -actor.type:service")(tail)


def tail(
    query: QueryArgument = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Control-C.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, metavar="N", help="How many of the newest to show first.")
    ] = _NEWEST,
    saved: SavedOption = None,
    local_time: LocalTimeOption = False,
    log: SearchedLogOption = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Show the newest events that match, oldest first, and with -f go on with those that are recorded.

    A star beside an index marks an event that is durable, but not yet covered by a signed checkpoint. Exits with 1 when
    an entry is damaged, after showing the rest.
    """
    terminal = Terminal(json=json)
    target = resolve_target(url, data, api_key_file)
    text, log_name = with_saved(target, saved, as_query(query), log)
    table = EventTable(terminal, local=local_time, growing=follow)

    with reading(target, log_name, terminal) as audit_log, FailedEntries(terminal) as failed:
        end = audit_log.run(audit_log.plans.describe()).journaled
        if lines:
            _show_newest(terminal, audit_log, table, text, lines, end, failed)
        if follow:
            with (
                notes_of("indelible.client", _again, terminal),
                suppress(Interrupted),
                audit_log.tail(text, after=end - 1) as flow,
            ):
                table.print(())
                for entry in flow:
                    _show(terminal, table, [entry], failed)


def _show_newest(
    terminal: Terminal, log: AuditLog, table: EventTable, query: str, lines: int, end: int, failed: FailedEntries
) -> None:
    """Show the newest entries below ``end``; those beyond are for whoever follows."""
    results = log.search(query, limit=lines)
    _show(terminal, table, [entry for entry in results if entry.index < end][::-1], failed)
    say_coverage(terminal, results.coverage, failed)


def _show(terminal: Terminal, table: EventTable, entries: Sequence[FoundEntry], failed: FailedEntries) -> None:
    table.print(entries)
    for entry in entries:
        if terminal.json:
            terminal.result(entry_json(entry))
        if entry.damage is not None:
            failed.say(entry.damage)


def _again(record: logging.LogRecord) -> str:
    """That a connection broke and is made again, as the client notes it."""
    return f"{getattr(record, 'reason', record.getMessage())}; trying again"
