"""One page's shell: a temporary directory, a home of its own, one bash for all its commands, servers beside it."""

from __future__ import annotations

import os
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from tests.docs.blocks import Command

__all__ = ["Session", "matches"]

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 180.0
"""Seconds after which a command that has not ended is taken for hung."""
DEFAULT_PORT = "8420"


def matches(shown: str, output: str) -> bool:
    """Whether ``output`` is what the page shows: line by line, ends of lines aside; ``...`` stands for anything."""
    lines = "\n".join(line.rstrip() for line in shown.strip("\n").splitlines())
    pattern = ".*".join(re.escape(part) for part in lines.split("..."))
    said = "\n".join(line.rstrip() for line in output.strip("\n").splitlines())
    return re.fullmatch(pattern, said, re.DOTALL) is not None


class Session:
    """Runs the commands of one page.

    The pages name the default port; here they get a free one instead, so that they run beside anything.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = _free_port()
        home = directory.parent / "home"
        home.mkdir(exist_ok=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("INDELIBLE_", "XDG_"))},
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/local/go/bin",
            "REPOSITORY": str(REPOSITORY),
            "VENV": sys.prefix,
            "INDELIBLE_LISTEN": f"127.0.0.1:{self.port}",
            "COLUMNS": "100",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "TZ": "UTC",
            # A short program spends most of its time on starting: compile little, collect simply.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "1",  # a checkout may belong to another user than the one who tests it
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        self._servers: list[subprocess.Popen[str]] = []
        self._shell = self._start("exec bash --noprofile --norc", stdin=subprocess.PIPE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in [*reversed(self._servers), self._shell]:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def localised(self, text: str) -> str:
        """The page's text with this session's port in place of the default one."""
        return text.replace(DEFAULT_PORT, self.port)

    def run(self, command: str) -> tuple[str, int]:
        """Run one command in the page's shell; returns what it wrote, standard error included, and its exit status."""
        assert self._shell.stdin is not None
        end = f"--end-{time.monotonic_ns()}--"
        # The status of the command stays visible to the next one as $?, and a command cannot eat the shell's input.
        self._shell.stdin.write(f"{{ {self.localised(command)}\n}} </dev/null\n__status=$?\n")
        self._shell.stdin.write(f"printf '\\n%s %s\\n' '{end}' $__status\n(exit $__status)\n")
        self._shell.stdin.flush()
        output = self._read(self._shell, re.compile(rf"\n{end} (\d+)\n"), command)
        text, status = output.rsplit(f"\n{end} ", 1)
        return text, int(status)

    def exported(self) -> dict[str, str]:
        """The settings of Indelible that the page's commands have exported."""
        listed, _ = self.run("env -0 | tr '\\0\\n' '\\n '")
        pairs = (line.partition("=") for line in listed.splitlines())
        return {name: value for name, _, value in pairs if name.startswith("INDELIBLE_")}

    def check(self, command: Command) -> None:
        """Run a command and hold its output and status against the page."""
        output, status = self.run(command.text)
        assert status == 0 or command.may_fail, f"$ {command.text}\nfailed with status {status}:\n{output}"
        shown = self.localised(command.output)
        assert not shown or matches(shown, output), f"$ {command.text}\nshown:\n{shown}\n\nbut it wrote:\n{output}"

    def serve(self, command: Command) -> None:
        """Start a command that stays, where the shell is and with what it exported; wait for what the page shows."""
        folder, _ = self.run("pwd")
        settings = "".join(f"export {name}={shlex.quote(value)}; " for name, value in self.exported().items())
        process = self._start(f"{settings}cd {shlex.quote(folder.strip())} && exec {self.localised(command.text)}")
        self._servers.append(process)
        shown = self.localised(command.output).strip("\n")
        pattern = ".*".join(re.escape(part) for part in shown.split("..."))
        self._read(process, re.compile(pattern, re.DOTALL), command.text)

    def _start(self, command: str, *, stdin: int | None = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _read(self, process: subprocess.Popen[str], until: re.Pattern[str], command: str) -> str:
        """Read what a process writes until ``until`` is found in it."""
        assert process.stdout is not None
        written = ""
        deadline = time.monotonic() + PATIENCE
        while not until.search(written):
            piece = _available(process.stdout, deadline - time.monotonic())
            assert piece, f"$ {command}\nended or hung before {until.pattern!r} was seen; it wrote:\n{written}"
            written += piece
        return written


def _available(stream: IO[str], timeout: float) -> str:
    """Whatever the stream holds, once it holds something; empty at its end, or after ``timeout`` seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        if not selector.select(max(timeout, 0)):
            return ""
    return os.read(stream.fileno(), 65_536).decode("utf-8", "replace")


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
