"""The options that the commands which take a query share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["LocalTimeOption", "SavedOption", "SearchedLogOption", "SinceOption", "UntilOption"]

SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only what occurred then or later: RFC 3339, or 24h for a day ago."),
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only what occurred before.")]
SavedOption = Annotated[
    str | None, typer.Option("--saved", metavar="NAME", help="Run a saved search; words given as well narrow it.")
]
SearchedLogOption = Annotated[
    str | None, typer.Option("--log", metavar="NAME", help="The log; else that of the saved search, else main.")
]
LocalTimeOption = Annotated[
    bool, typer.Option("--local-time", help="Show times in this machine's zone instead of UTC.")
]
