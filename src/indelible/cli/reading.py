"""A log, opened by a command that asks it something: shows the indexing that a first question may need."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from indelible.cli.log_notes import notes_of
from indelible.cli.target import DirectoryTarget

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from indelible.cli.failed_entries import FailedEntries
    from indelible.cli.target import Target
    from indelible.cli.terminal import Meter, Terminal
    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import Coverage

__all__ = ["reading", "say_coverage"]

_WORTH_SHOWING = 65_536


@contextmanager
def reading(target: Target, log: str, terminal: Terminal) -> Iterator[AuditLog]:
    """The log, for asking; shows on a terminal how its index is brought up to date, if that takes long."""
    with ExitStack() as shown, ExitStack() as metered:
        meter: Meter | None = None

        def show(indexed: int, total: int) -> None:
            nonlocal meter
            if meter is None and total - indexed > _WORTH_SHOWING:
                meter = metered.enter_context(terminal.meter("indexing", total=total, unit="entries"))
            if meter is not None:
                meter.show(completed=indexed, count=indexed)
            if indexed == total:
                metered.close()

        if isinstance(target, DirectoryTarget):
            shown.enter_context(notes_of("indelible.index", _index_note, terminal))
            with target.reader(log, on_indexing=show) as opened:
                yield opened
        else:
            with target.reader(log) as opened:
                yield opened


_INDEX_NOTES = {
    "index_segment_discarded": "{path} of the index: {reason}; it is made again from the log",
    "index_text_filter_discarded": "{path} of the index: {reason}; it is made again from the log",
    "index_lacks_entries": "{reason}",
}


def _index_note(record: logging.LogRecord) -> str:
    words = _INDEX_NOTES.get(record.getMessage(), record.getMessage().replace("_", " ") + ": {reason}")
    return words.format_map({"reason": "see the log", **vars(record)})


def say_coverage(terminal: Terminal, coverage: Coverage | None, failed: FailedEntries) -> None:
    """Say which part of the log was not searched, if it was not all of it; damage that no row has named has failed."""
    if coverage is None:
        return
    if not coverage.complete:
        terminal.note(
            f"only {coverage.indexed:,} of {coverage.size:,} entries were searched: the index is being built",
            style="yellow",
        )
    if coverage.unreadable and not failed.count:
        are = "1 entry is" if coverage.unreadable == 1 else f"{coverage.unreadable:,} entries are"
        failed.say(f"{are} damaged, and found by no value; `indelible verify` says which")
