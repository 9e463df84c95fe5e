"""The other processes of a benchmark: servers, and the load generator."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import threading
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from indelible.bench.load import LoadPlan, LoadResult
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["ServerProcess", "resident_bytes", "run_load", "serving"]

_LISTENING = re.compile(r"listening on http://(?P<host>[0-9.]+):(?P<port>[0-9]+)")
_START_SECONDS = 60
_STOP_SECONDS = 120


class ServerProcess:
    """A server that answers on ``host`` and ``port``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._said: deque[str] = deque(maxlen=40)
        self._ready = threading.Event()
        self.host = ""
        self.port = 0
        self._listener = threading.Thread(target=self._listen, name="bench-server-output", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def wait_until_listening(self) -> None:
        """Wait for the line that names the address.

        Raises:
            InternalError: the server ended, or said nothing for a minute.
        """
        if not self._ready.wait(_START_SECONDS) or not self.port:
            raise InternalError("the server to be measured did not start:\n" + "".join(self._said))

    def stop(self) -> None:
        """Have the server drain and end."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()

    def _listen(self) -> None:
        with self._process.stderr or sys.stderr as output:
            for line in output:
                self._said.append(line)
                if found := _LISTENING.search(line):
                    self.host, self.port = found["host"], int(found["port"])
                    self._ready.set()
        self._ready.set()


@contextmanager
def serving(arguments: Sequence[str], *, environment: Mapping[str, str] = os.environ) -> Iterator[ServerProcess]:
    """Run ``python ARGUMENTS``, a server that says on standard error where it listens, while the block runs."""
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    server = ServerProcess(process)
    try:
        server.wait_until_listening()
        yield server
    finally:
        server.stop()


def run_load(plan: LoadPlan) -> LoadResult:
    """Have a load generator build its requests and send them.

    Raises:
        InternalError: an answer was not a success, or the server went away.
    """
    asked = [sys.executable, "-m", "indelible.bench.load", msgspec.json.encode(plan).decode()]
    generator = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603 - our own module
    if generator.returncode:
        raise InternalError(f"the load generator failed:\n{generator.stderr}")
    return msgspec.json.decode(generator.stdout, type=LoadResult)


def resident_bytes(pid: int) -> int:
    """The resident size of a process, and on Linux of the helpers that it has started."""
    if platform.system() == "Linux":
        pages = sum(map(_resident_pages, (pid, *_children(pid))))
        return pages * os.sysconf("SC_PAGE_SIZE")
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return int(listed.stdout) * 1024


def _resident_pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            _, _, rest = stat.read_text("utf-8", errors="replace").rpartition(")")  # a name may hold anything
            if int(rest.split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found
