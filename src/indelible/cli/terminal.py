"""Where a command's words go: results to standard output, everything else to standard error.

Colour, tables' boxes and progress appear on a terminal only; in a pipe the same words stand plain. ``--json`` puts one
JSON value a line on standard output and leaves standard error to people.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from indelible.cli.paging import Pager, PagerLeft
from indelible.cli.visible import ascii_json, json_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

__all__ = ["Meter", "Terminal"]

_CHART_WIDTH = 100
_UNKNOWN_WIDTH = 80
_PLAIN_WIDTH = 10_000  # a pipe has no width; rich would fold lines at 80


_DRAWN = "█▓▒░…"
_TYPED = str.maketrans(_DRAWN, "#+=-~")


class Terminal:
    """One command's output."""

    def __init__(self, *, json: bool) -> None:
        """Look at the two streams; ``json`` says in which form results are wanted."""
        self.json = json
        self._out = _console(stderr=False)
        self._err = _console(stderr=True)
        self._notes: list[tuple[str, str]] | None = None  # while a pager shows something

    def result(self, value: object) -> None:
        """Print one JSON value on one line of standard output."""
        sys.stdout.write(_encodable(json_line(value)) + "\n")
        sys.stdout.flush()

    def say(self, text: str = "", *, style: str = "") -> None:
        """Print a line of the result for people; nothing with ``--json``. Line feeds in it stay."""
        if not self.json:
            self._out.print(Text(visible(text, lines=True), style=style), soft_wrap=True)

    @property
    def is_terminal(self) -> bool:
        """Whether results are shown to somebody, rather than written into a file or a pipe."""
        return self._out.is_terminal

    @property
    def width(self) -> int:
        """Cells of a line; in a pipe as many as suit a chart."""
        return self._out.width if self._out.is_terminal else _CHART_WIDTH

    @property
    def height(self) -> int:
        """Lines of the screen."""
        return self._out.height

    def line(self, text: Text) -> None:
        """Print a line of the result that has its colours already, uncut; nothing with ``--json``.

        Whoever made it made it safe to show: see :mod:`indelible.cli.visible`.
        """
        if not self.json:
            if not _can_show(_DRAWN):
                text = text.copy()
                text.plain = text.plain.translate(_TYPED)  # as many characters: the colours stay where they are
            self._out.print(text, soft_wrap=True)

    @contextmanager
    def paged(self, *, wanted: bool = True) -> Iterator[None]:
        """Show what the block prints in a pager if it is longer than the screen. Leaving the pager ends the block."""
        if self.json or not wanted or not self.is_terminal:
            yield
            return
        pager = Pager(sys.stdout, lambda: self.height)
        screen, self._out.file = self._out.file, cast("TextIO", pager)
        self._notes = []
        try:
            with suppress(PagerLeft):
                yield
        finally:
            self._out.file = screen
            pager.close()
            notes, self._notes = self._notes, None
            for text, style in notes:
                self.note(text, style=style)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]], *, styles: Sequence[str] = ()) -> None:
        """Print rows under headings; nothing with ``--json``. ``styles`` colours the rows."""
        if self.json:
            return
        if not self._out.is_terminal:
            self._plain_table(headings, rows)
            return
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for place, row in enumerate(rows):
            style = styles[place] if place < len(styles) else ""
            table.add_row(*(Text(visible(cell)) for cell in row), style=style)
        self._out.print(table)

    def _plain_table(self, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        lines = [headings, *([visible(cell) for cell in row] for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
        for line in lines:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self._out.print(Text("  ".join(padded).rstrip()), soft_wrap=True)

    def note(self, text: str, *, style: str = "") -> None:
        """Print a line for people on standard error, with ``--json`` too; after what a pager shows."""
        if self._notes is not None:
            self._notes.append((text, style))
            return
        self._err.print(Text(visible(text, lines=True), style=style), soft_wrap=True)

    @contextmanager
    def meter(self, what: str, *, total: int | None, unit: str, sized: bool = False) -> Iterator[Meter]:
        """Show progress on a terminal while the block runs; silent elsewhere.

        ``total`` is in the meter's own measure: bytes when ``sized``, else ``unit``.
        """
        if not self._err.is_terminal:
            yield Meter(lambda **_: None)
            return
        columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(bar_width=30)]
        columns += [DownloadColumn()] if sized else []
        columns += [TextColumn("{task.fields[count]:,} " + unit + "  {task.fields[rate]:,.0f}/s"), TimeElapsedColumn()]
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task(what, total=total, count=0, rate=0.0)
            yield Meter(lambda **fields: progress.update(task, **fields))


class Meter:
    """A progress display that is told where things stand."""

    def __init__(self, update: Callable[..., None]) -> None:
        self._update = update
        self._began = time.monotonic()

    def show(self, *, completed: int, count: int) -> None:
        """``completed`` of the total, and how many units that makes."""
        elapsed = time.monotonic() - self._began
        self._update(completed=completed, count=count, rate=count / elapsed if elapsed > 0 else 0.0)

    def total(self, total: int) -> None:
        """The total has become known."""
        self._update(total=total)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
        if console.width < 1:  # whatever COLUMNS says: nothing would be shown
            console.width = _UNKNOWN_WIDTH
        return console
    return Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=False,  # whatever FORCE_COLOR says: INTERFACES promises plain text in a pipe
        no_color=True,
        width=_PLAIN_WIDTH,
    )


def _encodable(line: str) -> str:
    """A line of JSON as standard output can take it."""
    return line if _can_show(line) else ascii_json(line)


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
