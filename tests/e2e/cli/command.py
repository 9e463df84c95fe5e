"""The real command line, as a process of its own: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indelible.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = ["PROGRAM", "Command", "Done", "InProcess", "Serving"]

PROGRAM = str(Path(sys.executable).with_name("indelible"))
_LISTENING = re.compile(r"listening on (https?://\S+)")
_PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Done:
    """A process that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, which must be one JSON value on one line."""
        assert self.out.count("\n") == 1, self
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """Its standard output, which must be one JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def expect(self, status: int) -> Done:
        """The same, after its exit status has been checked."""
        assert self.status == status, self
        assert "Traceback" not in self.err, self
        return self


@dataclass(frozen=True, slots=True)
class Serving:
    """A running ``indelible serve``."""

    url: str
    process: subprocess.Popen[str]
    lines: list[str]

    def stop(self) -> int:
        """Ask it to stop, and wait for its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)


@dataclass(frozen=True, slots=True)
class Command:
    """Runs commands in a folder, as a user whose state directory lies beside it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, given: str | bytes = b"", **environment: str) -> Done:
        done = subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env=self.variables(environment),
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def variables(self, more: dict[str, str]) -> dict[str, str]:
        """This process's environment without anything of Indelible's own, and with what the test says."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INDELIBLE_")}
        return {**kept, "INDELIBLE_STATE": str(self.folder / "state"), **self.environment, **more}

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command without waiting for it."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env=self.variables(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[Serving]:
        """Run a server (or ``demo run``) until the block ends."""
        process = self.start(*(arguments or ("serve", "--listen", "127.0.0.1:0")))
        lines: list[str] = []
        try:
            url = _await_address(process, lines)
            yield Serving(url, process, lines)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@dataclass(frozen=True, slots=True)
class InProcess:
    """Runs commands in the tests' own process, which spares each the start of an interpreter."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, **environment: str) -> Done:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with self.monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("INDELIBLE_")]:
                patch.delenv(name)
            for name, value in {"INDELIBLE_STATE": str(self.folder / "state"), **environment}.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            self.captured.readouterr()
            try:
                status = run(arguments)
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)
        return Done(status, *self.captured.readouterr())


def _await_address(process: subprocess.Popen[str], lines: list[str]) -> str:
    """Read standard error until the server says where it listens; a thread reads on, so that it never blocks."""
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        if match := _LISTENING.search(line):
            threading.Thread(target=lines.extend, args=(process.stderr,), daemon=True).start()
            return match[1]
    raise AssertionError("".join(lines))
