"""``indelible export``: take what matches away, in a format that others read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal, cast

import typer

from indelible.cli.failed_entries import FailedEntries
from indelible.cli.query_words import QueryArgument, QueryCommand, as_query
from indelible.cli.reading import reading, say_coverage
from indelible.cli.saved_query import with_saved
from indelible.cli.search_options import SavedOption, SearchedLogOption, SinceOption, UntilOption
from indelible.cli.target import ApiKeyFileOption, DataOption, DirectoryTarget, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.errors import UsageError
from indelible.events.exports import DamageCount
from indelible.sdk.question import FORMATS, ExportFormat
from indelible.sdk.saving import saving

if TYPE_CHECKING:
    from indelible.cli.terminal import Meter
    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import Coverage

__all__ = ["export", "register"]

_SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("export", cls=QueryCommand, epilog="Example: indelible export actor:ada --format csv -o ada.csv")(
        export
    )


def export(
    query: QueryArgument = None,
    *,
    form: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; else as FILE ends, else ndjson.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Appears when it is whole; - is standard output.")
    ] = "-",
    since: SinceOption = None,
    until: UntilOption = None,
    order: Annotated[Literal["asc", "desc"], typer.Option("--order", help="Oldest or newest first.")] = "asc",
    saved: SavedOption = None,
    log: SearchedLogOption = None,
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
) -> None:
    """Write all events that match to a file, oldest first, in constant memory.

    Exits with 1 when entries are damaged: NDJSON and CSV have a row that says so for each, OCSF, ECS and CloudEvents
    end at the first, and Parquet holds what the index has copied. Of a directory also when damage may have kept some
    from matching.
    """
    terminal = Terminal(json=False)
    form = form or _SUFFIXES.get(Path(output).suffix, "ndjson")
    if output != "-" and Path(output).is_dir():
        raise UsageError(f"{output} is a directory; name a file in it")
    if form == "parquet" and output == "-" and terminal.is_terminal:
        raise UsageError("Parquet is nothing for a terminal: name a file with -o")
    target = resolve_target(url, data, api_key_file)
    text, log_name = with_saved(target, saved, as_query(query), log)
    with reading(target, log_name, terminal) as audit_log, FailedEntries(terminal) as failed:
        to = sys.stdout.buffer if output == "-" else output
        with saving(to) as file, terminal.meter("exporting", total=None, unit="bytes") as meter:
            damage = DamageCount(form)
            counted = _Counted(file, meter, damage)
            # An unknown format is refused by the log, in the same words for every caller.
            audit_log.export(
                cast("ExportFormat", form), text, to=cast("BinaryIO", counted), since=since, until=until, order=order
            )
            file.flush()
        if output != "-":
            terminal.note(f"{output}: {counted.written:,} bytes of {form}")
        if damage.rows:
            are = "1 entry is" if damage.rows == 1 else f"{damage.rows:,} entries are"
            failed.say(f"{are} damaged, which stands in the rows; `indelible verify` says more")
        if isinstance(target, DirectoryTarget):
            say_coverage(terminal, _coverage(audit_log), failed)


def _coverage(log: AuditLog) -> Coverage | None:
    """What was searched: an export itself is events, and nothing beside them."""
    results = log.search("index:0", limit=1)
    next(results, None)
    return results.coverage


class _Counted:
    """A file that tells a meter how much has been written into it, and shows it to who counts damage."""

    def __init__(self, file: BinaryIO, meter: Meter, damage: DamageCount) -> None:
        self.written = 0
        self._file = file
        self._meter = meter
        self._damage = damage

    def write(self, piece: bytes) -> int:
        """Write some bytes."""
        self.written += len(piece)
        self._damage.look(piece)
        self._meter.show(completed=self.written, count=self.written)
        return self._file.write(piece)
