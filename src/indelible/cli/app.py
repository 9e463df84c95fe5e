"""The command ``indelible``: finds the command asked for, loads only that, turns its outcome into an exit status."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

import indelible
from indelible.cli.failure import UNFINISHED, WRONG_USE, explain, status_of
from indelible.cli.interruption import Interrupted
from indelible.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType
    from typing import NoReturn, TextIO

    from typer.exceptions import TyperException

__all__ = ["COMMANDS", "build", "main", "run"]

COMMANDS = {
    "init": "indelible.cli.init",
    "serve": "indelible.cli.serve",
    "record": "indelible.cli.record",
    "import": "indelible.cli.import_",
    "exec": "indelible.cli.exec_",
    "search": "indelible.cli.search",
    "tail": "indelible.cli.tail",
    "show": "indelible.cli.show",
    "export": "indelible.cli.export",
    "searches": "indelible.cli.searches",
    "prove": "indelible.cli.prove",
    "verify": "indelible.cli.verify",
    "logs": "indelible.cli.logs",
    "api-keys": "indelible.cli.api_keys",
    "grants": "indelible.cli.grants",
    "config": "indelible.cli.config",
    "backup": "indelible.cli.backup",
    "restore": "indelible.cli.restore",
    "doctor": "indelible.cli.doctor",
    "demo": "indelible.cli.demo",
    "bench": "indelible.cli.bench",
}
"""Each command and its module, which has a ``register``; in the order in which ``--help`` lists them."""


def main() -> NoReturn:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; see :mod:`indelible.cli.failure`."""
    if not _has_streams():
        return WRONG_USE
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    terminal = Terminal(json=False)
    try:
        return _invoke(build(_needed(arguments)), arguments)
    except typer.Abort:
        return UNFINISHED
    except Interrupted:
        terminal.note("indelible: interrupted")
        return UNFINISHED
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python flushes standard output once more at exit: to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNFINISHED
    except SystemExit as ended:
        # Typer's own answer to a reader that has left is 1, which here would mean tampering.
        return UNFINISHED if ended.code == 1 else int(ended.code or 0)
    except Exception as error:  # the last resort: a line instead of a traceback
        if os.environ.get("INDELIBLE_TRACEBACK"):
            raise
        terminal.note(f"indelible: {explain(error)}", style="red")
        return status_of(error)


def _has_streams() -> bool:
    """Make standard output and error take any text; false, and said, when one of them is closed."""
    out, err = cast("tuple[TextIO | None, TextIO | None]", (sys.stdout, sys.stderr))
    if out is None or err is None:  # the next file to be opened would be written into
        if err is not None:
            err.write("indelible: standard output is closed; send it to a file, or to /dev/null\n")
        return False
    for stream in (out, err):
        if isinstance(stream, io.TextIOWrapper):  # what its encoding lacks is an escape, and ends no command
            stream.reconfigure(errors="backslashreplace")
    return True


def build(names: Iterable[str]) -> typer.Typer:
    """The Typer application with these commands."""
    app = typer.Typer(
        name="indelible",
        help="An immutable audit log: append-only, verifiable, durable.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        importlib.import_module(COMMANDS[name]).register(app)
    return app


def _needed(arguments: Sequence[str]) -> list[str]:
    """The one command that is called, so that the others need not be loaded; all of them for help and completion."""
    first = arguments[0] if arguments else ""
    if first == "--version":
        return []
    return [first] if first in COMMANDS else list(COMMANDS)


def _invoke(app: typer.Typer, arguments: Sequence[str]) -> int:
    try:
        outcome = app(args=list(arguments), prog_name="indelible", standalone_mode=False)
    except typer.exceptions.TyperException as error:
        _say_usage(error)
        return WRONG_USE
    return outcome if isinstance(outcome, int) else 0


def _say_usage(error: TyperException) -> None:
    message = error.format_message()
    if not message:  # the help has been printed instead
        return
    context = getattr(error, "ctx", None)
    command = "indelible" if context is None else context.command_path
    Terminal(json=False).note(f"indelible: {message} Try: {command} --help", style="red")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if wanted:
        sys.stdout.write(f"indelible {indelible.__version__}\n")
        raise typer.Exit


def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Declare what stands before a command."""
