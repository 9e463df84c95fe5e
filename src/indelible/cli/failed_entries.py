"""What a command shows and cannot vouch for: each entry is named on standard error, and the exit status says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from indelible.cli.failure import FOUND

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from indelible.cli.terminal import Terminal

__all__ = ["FailedEntries"]


class FailedEntries:
    """Entries in which something is wrong. The block ends with ``Exit(1)`` when there were any, unless by an error."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._count = 0

    def say(self, reason: str) -> None:
        """Name one, and what is wrong with it."""
        self._count += 1
        self._terminal.note(reason, style="red")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self._count:
            raise typer.Exit(FOUND)
