"""What a command shows and cannot vouch for: entries are named on standard error, and the exit status says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from indelible.cli.failure import FOUND

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from indelible.cli.terminal import Terminal

__all__ = ["FailedEntries"]


_NAMED = 20  # where there are many, nobody reads a line about each; the rows say it of all, and so does --json


class FailedEntries:
    """Entries in which something is wrong: the first are named, the others counted when the block ends.

    It ends with ``Exit(1)`` when there were any, unless it ends with an error.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._named: set[str] = set()
        self.count = 0

    def say(self, reason: str) -> None:
        """Name one and what is wrong with it, unless that has been said of another, or many have been named already."""
        self.count += 1
        if reason not in self._named and len(self._named) < _NAMED:
            self._named.add(reason)
            self._terminal.note(reason, style="red")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if more := self.count - len(self._named):
            entries = "1 more entry" if more == 1 else f"{more:,} more entries"
            self._terminal.note(f"and {entries} like these", style="red")
        if error is None and self.count:
            raise typer.Exit(FOUND)
