"""``indelible bench``: measures this machine, each figure beside its ceiling."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from indelible.cli.demo.samples import samples_folder
from indelible.cli.target import JsonOption
from indelible.cli.terminal import Terminal
from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.bench.scale import Scale

__all__ = ["bench", "register", "showing_steps"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("bench", epilog="Example: indelible bench --only requests")(bench)


def bench(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Small counts: shows that it works, measures little.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Up to ten million entries: most of an hour, 40 GB.")] = False,
    huge: Annotated[
        bool, typer.Option("--huge", help="As --long, and search among fifty million: an hour and 60 GB more.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Only this benchmark; may be repeated.")
    ] = None,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The disk to measure: everything is written below it.")
    ] = Path(),
    json: JsonOption = False,
) -> None:
    """Measure this machine: appends, proofs, verification, each beside its ceiling. Leaves nothing behind."""
    from indelible.bench import presentation, suite  # noqa: PLC0415 - nothing else needs them

    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory; --dir names one on the disk to measure")
    terminal = Terminal(json=json)
    with showing_steps() as say:
        report = suite.run(
            directory, _scale(quick=quick, long=long, huge=huge), samples=samples_folder(), only=only or (), say=say
        )
    if json:
        terminal.result(msgspec.to_builtins(report))
        return
    terminal.table(presentation.HEADINGS, [presentation.cells(result) for result in report.results])


@contextmanager
def showing_steps() -> Iterator[Callable[[str], None]]:
    """Show what is being measured, on a terminal only, while the block runs."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - not needed in a pipe

    with Console(stderr=True, markup=False).status("starting") as status:
        yield status.update


def _scale(**asked: bool) -> Scale:
    from indelible.bench.scale import DEFAULT, HUGE, LONG, QUICK  # noqa: PLC0415 - as above

    chosen = [name for name, wanted in asked.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude each other")
    return {"quick": QUICK, "long": LONG, "huge": HUGE}[chosen[0]] if chosen else DEFAULT
