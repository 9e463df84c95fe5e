"""``indelible search``: find events, count them over time, or see which values occur most."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from indelible.cli.chart import facet_lines, histogram_lines
from indelible.cli.event_table import EventTable
from indelible.cli.failed_entries import FailedEntries
from indelible.cli.proofs import ProofChecker
from indelible.cli.query_words import QueryArgument, QueryCommand, as_query
from indelible.cli.reading import reading, say_coverage
from indelible.cli.saved_query import with_saved
from indelible.cli.search_json import entry_json, facets_json, histogram_json
from indelible.cli.search_options import LocalTimeOption, SavedOption, SearchedLogOption, SinceOption, UntilOption
from indelible.cli.target import ApiKeyFileOption, DataOption, JsonOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.cli.visible import visible
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import FoundEntry

__all__ = ["register", "search"]

_ENTRIES = 50
_VALUES = 10
_BUCKETS = 60
_AROUND_A_CHART = 4


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("search", cls=QueryCommand, epilog="Example: indelible search 'action:aws.iam.*' -outcome:success")(
        search
    )


def search(
    query: QueryArgument = None,
    *,
    since: SinceOption = None,
    until: UntilOption = None,
    order: Annotated[
        Literal["desc", "asc"] | None, typer.Option("--order", help="Newest (desc, unless you say so) or oldest first.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help=f"Show N events ({_ENTRIES}) or values ({_VALUES})."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all events that match.")] = False,
    histogram: Annotated[bool, typer.Option("--histogram", help="Draw how many match over time, by outcome.")] = False,
    buckets: Annotated[
        int | None, typer.Option("--buckets", min=1, max=500, metavar="N", help="Spans of time to count in.")
    ] = None,
    facet: Annotated[
        str | None, typer.Option("--facet", metavar="FIELD", help="Show the values of a field that occur most.")
    ] = None,
    proof: Annotated[
        bool, typer.Option("--proof", help="Have each event proven, and check the proofs under the pinned keys.")
    ] = False,
    saved: SavedOption = None,
    local_time: LocalTimeOption = False,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Do not page what is longer than the screen.")] = False,
    log: SearchedLogOption = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
    json: JsonOption = False,
) -> None:
    """Find events. Words join into one query; without any, everything matches.

    A word such as -outcome:success is a negated term, not an option. See docs/reference/query-language.md. Exits
    with 1 when an entry is damaged, or with --proof when an event could not be proven, after showing the rest; with
    --json that one bears damaged or proof_error.
    """
    _refuse_useless(
        {
            "--histogram": histogram,
            "--facet": facet is not None,
            "--buckets": buckets is not None,
            "--all": everything,
            "--limit": limit is not None,
            "--order": order is not None,
            "--proof": proof,
        }
    )
    terminal = Terminal(json=json)
    target = resolve_target(url, data, api_key_file)
    text, log_name = with_saved(target, saved, as_query(query), log)
    bounds = {"since": since, "until": until}
    with (
        reading(target, log_name, terminal) as audit_log,
        FailedEntries(terminal) as failed,  # outside of the pager: leaving it early is no success
        terminal.paged(wanted=not no_pager),
    ):
        if histogram:
            _draw(terminal, audit_log, text, bounds, buckets, failed, local=local_time)
        elif facet is not None:
            _count(terminal, audit_log, facet, text, bounds, limit or _VALUES, failed)
        else:
            most = None if everything else limit or _ENTRIES
            table = EventTable(terminal, local=local_time, proofs=proof)
            _list(terminal, audit_log, text, {**bounds, "order": order or "desc", "proof": proof}, most, table, failed)


def _refuse_useless(given: Mapping[str, bool]) -> None:
    """Refuse options that would do nothing beside the others: nobody should think that they did."""
    if given["--histogram"] and given["--facet"]:
        raise UsageError("--histogram and --facet are two answers to one question; ask for one of them")
    if given["--all"] and given["--limit"]:
        raise UsageError("--all shows all events, --limit some; leave one of them out")
    if given["--buckets"] and not given["--histogram"]:
        raise UsageError("--buckets are those of a --histogram; ask for one, or leave them out")
    events_only = ("--order", "--all", "--proof")
    for counted, useless in {"--histogram": (*events_only, "--limit"), "--facet": events_only}.items():
        for option in useless:
            if given[counted] and given[option]:
                raise UsageError(
                    f"{option} is about events that are shown; leave it out, or {counted}, which shows none"
                )


def _list(
    terminal: Terminal,
    log: AuditLog,
    query: str,
    asked: Mapping[str, Any],
    most: int | None,
    table: EventTable,
    failed: FailedEntries,
) -> None:
    """Print what is found; one more than is shown is asked for, to know whether there is more."""
    results = log.search(query, limit=None if most is None else most + 1, **asked)
    first = next(results, None)
    found = chain(() if first is None else (first,), results)
    checker = ProofChecker(log) if asked["proof"] and first is not None else None
    shown = 0
    for entries in _screens(found if most is None else islice(found, most), terminal):
        failures = [entry.damage if checker is None else checker.failure(entry) for entry in entries]
        try:
            table.print(entries, failures)
            if terminal.json:
                for entry, failure in zip(entries, failures, strict=True):
                    terminal.result(entry_json(entry, proof_error=failure))
        finally:  # also when the pager is left meanwhile: the row may have been seen
            for failure in filter(None, failures):
                failed.say(failure)
        shown += len(entries)
    if next(found, None) is not None:
        terminal.note(f"more match; shown: {shown:,} (--limit N shows N, --all all of them)")
    if not shown:
        searched = 0 if results.coverage is None else results.coverage.indexed
        terminal.note(f"nothing among {searched:,} entries matches")
    say_coverage(terminal, results.coverage, failed)


def _screens(found: Iterator[FoundEntry], terminal: Terminal) -> Iterator[list[FoundEntry]]:
    """Entries by the screenful: the first decides the widths of columns, and is soon there."""
    while screen := list(islice(found, max(terminal.height, _ENTRIES))):
        yield screen


def _draw(
    terminal: Terminal,
    log: AuditLog,
    query: str,
    bounds: Mapping[str, str | None],
    buckets: int | None,
    failed: FailedEntries,
    *,
    local: bool,
) -> None:
    if buckets is None:
        fitting = max(terminal.height - _AROUND_A_CHART, 1)
        buckets = min(_BUCKETS, fitting) if terminal.is_terminal and not terminal.json else _BUCKETS
    histogram = log.histogram(query, since=bounds["since"], until=bounds["until"], buckets=buckets)
    if terminal.json:
        terminal.result(histogram_json(histogram))
    for line in histogram_lines(histogram, terminal.width, local=local):
        terminal.line(line)
    say_coverage(terminal, histogram.coverage, failed)


def _count(
    terminal: Terminal,
    log: AuditLog,
    field: str,
    query: str,
    bounds: Mapping[str, str | None],
    limit: int,
    failed: FailedEntries,
) -> None:
    facets = log.facets(field, query, since=bounds["since"], until=bounds["until"], limit=limit)
    if terminal.json:
        terminal.result(facets_json(facets))
    labels = [visible(value) for value, _ in facets.values]
    for line in facet_lines(facets, labels, terminal.width, cut=terminal.is_terminal):
        terminal.line(line)
    values = "1 value" if facets.distinct == 1 else f"{facets.distinct:,} values"
    events = "1 event" if facets.total == 1 else f"{facets.total:,} events"
    terminal.say(f"{values} in {events}")
    say_coverage(terminal, facets.coverage, failed)
