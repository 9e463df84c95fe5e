"""A log, opened by a command that asks it something: shows the indexing that a first question may need."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from indelible.cli.target import DirectoryTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.cli.target import Target
    from indelible.cli.terminal import Meter, Terminal
    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import Coverage

__all__ = ["reading", "say_coverage"]

_WORTH_SHOWING = 65_536


@contextmanager
def reading(target: Target, log: str, terminal: Terminal) -> Iterator[AuditLog]:
    """The log, for asking; shows on a terminal how its index is brought up to date, if that takes long."""
    with ExitStack() as shown:
        meter: Meter | None = None

        def show(indexed: int, total: int) -> None:
            nonlocal meter
            if meter is None and total - indexed > _WORTH_SHOWING:
                meter = shown.enter_context(terminal.meter("indexing", total=total, unit="entries"))
            if meter is not None:
                meter.show(completed=indexed, count=indexed)
            if indexed == total:
                shown.close()

        if isinstance(target, DirectoryTarget):
            with target.reader(log, on_indexing=show) as opened:
                yield opened
        else:
            with target.reader(log) as opened:
                yield opened


def say_coverage(terminal: Terminal, coverage: Coverage | None) -> None:
    """Say which part of the log was not searched, if it was not all of it."""
    if coverage is not None and not coverage.complete:
        terminal.note(
            f"only {coverage.indexed:,} of {coverage.size:,} entries were searched: the index is being built",
            style="yellow",
        )
