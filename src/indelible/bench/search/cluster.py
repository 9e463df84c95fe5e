"""A throw-away PostgreSQL cluster on a Unix socket, where the server's binaries are installed.

The server refuses to run as root; then it runs as ``postgres`` or, where there is none, as ``nobody``. Durability is
off: nothing here outlives the block.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Cluster", "find_binaries", "throwaway_cluster"]

_PROGRAMS = ("initdb", "postgres", "psql")
_DEBIAN = Path("/usr/lib/postgresql")  # the server's programs of each major version, which are not on the path
_START_SECONDS = 60.0
_DATABASE = "postgres"


def find_binaries() -> Path | None:
    """The folder with the server's programs, of the newest version; ``None`` when there is none."""
    installed = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in (*installed, *map(Path, os.get_exec_path())):
        if all((folder / program).is_file() for program in _PROGRAMS):
            return folder
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running server: its programs, the folder of its socket, and the user that it runs as."""

    binaries: Path
    socket: Path
    user: str

    def execute(self, script: str) -> None:
        """Run statements, each by itself.

        Raises:
            InternalError: one failed.
        """
        self._finish(subprocess.run([*self.command, "--quiet"], input=script, text=True, check=False).returncode)  # noqa: S603 - the programs found

    def copy(self, table: str, lines: Iterable[str]) -> None:
        """Append rows to a table, in the text format of ``COPY``.

        Raises:
            InternalError: it failed.
        """
        with subprocess.Popen(  # noqa: S603 - as above
            [*self.command, f"--command=COPY {table} FROM STDIN"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as process:
            cast("IO[str]", process.stdin).writelines(lines)
        self._finish(process.returncode)

    @contextmanager
    def psql(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """A ``psql`` that reads statements from its standard input."""
        with subprocess.Popen(  # noqa: S603 - as above
            [*self.command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield process

    @property
    def command(self) -> list[str]:
        """``psql`` on this server."""
        return [
            str(self.binaries / "psql"),
            "--no-psqlrc",
            f"--host={self.socket}",
            f"--username={self.user}",
            "--set=ON_ERROR_STOP=1",
            _DATABASE,
        ]

    @staticmethod
    def _finish(status: int) -> None:
        if status:
            raise InternalError("the PostgreSQL to compare with failed; what it said stands above")


@contextmanager
def throwaway_cluster(binaries: Path, directory: Path) -> Iterator[Cluster]:
    """Run a new cluster, below ``directory`` if the user that it runs as gets there, and remove it afterwards.

    Raises:
        InternalError: it did not start.
    """
    user = _unprivileged()
    home = Path(tempfile.mkdtemp(prefix="indelible-bench-", dir=directory if _is_open(directory) else None))
    socket = Path(tempfile.mkdtemp(prefix="ib-"))  # apart: a socket's path may have 107 bytes
    try:
        for folder in (home, socket):
            shutil.chown(folder, user.pw_name)
        cluster = Cluster(binaries=binaries, socket=socket, user=user.pw_name)
        with _server(cluster, home, _becoming(user)):
            yield cluster
    finally:
        shutil.rmtree(home)
        shutil.rmtree(socket)


@contextmanager
def _server(cluster: Cluster, home: Path, becoming: dict[str, Any]) -> Iterator[None]:
    """Make the files of a cluster and run its server while the block runs."""
    data = str(home / "data")
    options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={cluster.user}"]
    made = subprocess.run(  # noqa: S603 - as above
        [str(cluster.binaries / "initdb"), *options, data],
        check=False,
        capture_output=True,
        text=True,
        cwd=home,
        **becoming,
    )
    if made.returncode:
        raise InternalError(f"the PostgreSQL to compare with could not be made:\n{made.stderr}")
    program = [str(cluster.binaries / "postgres"), "-D", data, "-k", str(cluster.socket), *_options()]
    with (
        (home / "output").open("wb") as output,
        subprocess.Popen(program, stdout=output, stderr=output, cwd=home, **becoming) as server,  # noqa: S603 - as above
    ):
        try:
            _wait_until_ready(cluster, server, home / "output")
            yield
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown: it does not wait for clients


def _options() -> list[str]:
    """What somebody would set for a machine of this size; and no durability."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    settings = {
        "listen_addresses": "",
        "shared_buffers": f"{memory // 4}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "maintenance_work_mem": f"{min(memory // 8, 1024)}MB",
        "work_mem": "64MB",
        "random_page_cost": "1.1",
        "max_wal_size": "8GB",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
    }
    return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]


def _unprivileged() -> pwd.struct_passwd:
    if os.geteuid():
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _becoming(user: pwd.struct_passwd) -> dict[str, Any]:
    """What makes a new process that user's, for ``subprocess``."""
    return {} if os.geteuid() else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _is_open(directory: Path) -> bool:
    """Whether any user reaches the directory, or this process stays who it is."""
    reached = directory.resolve()
    return os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in (reached, *reached.parents))


def _wait_until_ready(cluster: Cluster, server: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    asked = [*cluster.command, "--quiet", "--command=SELECT 1"]
    while subprocess.run(asked, check=False, capture_output=True).returncode:  # noqa: S603 - as above
        if server.poll() is not None or time.monotonic() > deadline:
            raise InternalError(f"the PostgreSQL to compare with did not start:\n{output.read_text()}")
        time.sleep(0.05)
