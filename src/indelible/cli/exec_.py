"""``indelible exec``: run a command, and record who ran what, where, for how long, and how it ended."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indelible.cli.failure import UNFINISHED, explain
from indelible.cli.target import ApiKeyFileOption, DataOption, DirectoryTarget, LogOption, UrlOption, resolve_target
from indelible.cli.terminal import Terminal
from indelible.client import Administration
from indelible.errors import IndelibleError
from indelible.sdk.draft import parse_entity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from indelible.cli.target import Target

__all__ = ["exec_", "register"]

_NOT_FOUND = 127  # as shells answer
_NOT_EXECUTABLE = 126
_SIGNALLED = 128
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_LONGEST_ARGUMENT = 2_000
_MOST_ARGUMENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """How a command went: ``status`` is what a shell would say; ``signal`` names what ended it."""

    status: int
    signal: str | None
    started: datetime
    milliseconds: int


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "exec",
        epilog="Example: indelible exec --reason 'ticket 4711' -- kubectl delete pod web-0",
        context_settings={"allow_interspersed_args": False},
    )(exec_)


def exec_(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND…", help="The command and its arguments, after --.")],
    *,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="TYPE:ID", help="Who; by default the login name, as user:NAME.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    redact: Annotated[
        bool,
        typer.Option("--redact", help="Record the program and how many arguments it got, but not the arguments."),
    ] = False,
    log: LogOption = "main",
    data: DataOption = None,
    url: UrlOption = None,
    api_key_file: ApiKeyFileOption = None,
) -> None:
    """Run a command and record it; its exit status becomes this command's.

    Arguments can hold secrets, and a record can never be changed: use --redact when they do. The log is asked before
    the command is run, and when it cannot be reached the command is not run. If only the recording fails afterwards, a
    command that succeeded still exits with 3.
    """
    target = resolve_target(url, data, api_key_file)
    who = {"type": "user", "id": _login()} if actor is None else parse_entity(actor)
    _check_reachable(target, log)
    run = _run(command)
    event = _event(command, run, actor=who, reason=reason, redact=redact)
    try:
        with target.writer(log, patience=60.0) as audit_log:
            receipt = audit_log.record_many([event])[0]
            if isinstance(target, DirectoryTarget):
                receipt.wait_published()
    except (IndelibleError, OSError) as error:
        Terminal(json=False).note(
            f"indelible: the command ended with status {run.status}, but was not recorded: {explain(error)}",
            style="red",
        )
        raise typer.Exit(run.status or UNFINISHED) from error
    raise typer.Exit(run.status)


def _check_reachable(target: Target, log: str) -> None:
    """Find out before the command runs whether it can be recorded afterwards, as far as that can be known."""
    if isinstance(target, DirectoryTarget):
        target.writer(log).close()
        return
    with Administration(target.url, api_key=target.api_key) as server:
        server.log(log)


def _run(command: Sequence[str]) -> _Run:
    started = datetime.now(UTC)
    began = time.monotonic()
    try:
        status, ended_by = _wait_for(command)
    except FileNotFoundError:
        Terminal(json=False).note(f"indelible: {command[0]}: there is no such command", style="red")
        status, ended_by = _NOT_FOUND, None
    except OSError as error:
        Terminal(json=False).note(f"indelible: {command[0]}: {error.strerror}", style="red")
        status, ended_by = _NOT_EXECUTABLE, None
    milliseconds = round((time.monotonic() - began) * 1_000)
    return _Run(status=status, signal=ended_by, started=started, milliseconds=milliseconds)


def _wait_for(command: Sequence[str]) -> tuple[int, str | None]:
    # From before the child exists until it is gone, signals meant for it must not end us: it would go unrecorded.
    # Control-C and Control-\\ reach it by themselves, through the terminal's process group; the others are passed on.
    with _passing_signals() as children:
        process = subprocess.Popen(command)  # noqa: S603 - running what the user typed is the point
        children.append(process)
        code = process.wait()
    if code >= 0:
        return code, None
    return _SIGNALLED - code, signal.Signals(-code).name


@contextmanager
def _passing_signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        for child in children:
            child.send_signal(number)  # does nothing once it has ended

    def ignore(_number: int, _frame: FrameType | None) -> None:
        """Not SIG_IGN, which the child would inherit."""

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    before |= {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _event(
    command: Sequence[str], run: _Run, *, actor: dict[str, str], reason: str | None, redact: bool
) -> dict[str, Any]:
    program = Path(command[0]).name
    metadata: dict[str, Any] = {
        "directory": _text(os.getcwd()),  # noqa: PTH109 - a text is what is wanted
        "milliseconds": run.milliseconds,
        "exit_status": run.status,
        "process_user": {"uid": os.getuid(), "login": _login()},
    }
    if run.signal is not None:
        metadata["signal"] = run.signal
    if redact:
        metadata |= {"redacted": True, "argument_count": len(command) - 1}
    else:
        metadata["arguments"] = [_text(argument) for argument in command[:_MOST_ARGUMENTS]]
        metadata["argument_count"] = len(command) - 1
    if "SUDO_USER" in os.environ:
        metadata["sudo_user"] = _text(os.environ["SUDO_USER"])
    event = {
        "action": "command.run",
        "operation": "execute",
        "occurred_at": run.started,
        "outcome": "success" if run.status == 0 else "failure",
        "actor": actor,
        "targets": [{"type": "host", "id": _text(socket.gethostname()) or "-"}],
        "context": {"service": _text(program)[:256]},
        "metadata": metadata,
    }
    return event if reason is None else {**event, "reason": reason}


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


def _text(value: str) -> str:
    """The text as a record can hold it: bytes that were not UTF-8 as escapes, long ones cut short and marked so."""
    readable = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\0")
    return readable if len(readable) <= _LONGEST_ARGUMENT else readable[:_LONGEST_ARGUMENT] + "…"
