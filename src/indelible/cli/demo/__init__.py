"""``indelible demo``: a guided tour, five attacks and their alarms, and a server filled with real events."""

from __future__ import annotations

import typer

from indelible.cli.demo.run import run
from indelible.cli.demo.tamper import tamper
from indelible.cli.demo.tour import tour

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    demo = typer.Typer(
        help="See it work on throw-away data: a tour; with `tamper`, five attacks and the alarm each raises.",
        invoke_without_command=True,
        epilog="Example: indelible demo tamper",
    )
    demo.callback()(tour)
    demo.command("tamper", epilog="Example: indelible demo tamper")(tamper)
    demo.command("run", epilog="Example: indelible demo run --data ./data")(run)
    app.add_typer(demo, name="demo")
