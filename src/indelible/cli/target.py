"""Which log a command speaks to: ``--url`` for a server, ``--data`` for a directory.

Flags beat the environment, the environment beats ``./data``. An API key comes from the environment or a file, never
from a flag: arguments can be read by every process of the machine.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.cli.administration import DirectoryAdministration
    from indelible.client import Administration
    from indelible.sdk.audit_log import AuditLog

__all__ = [
    "DEFAULT_DATA",
    "ApiKeyFileOption",
    "DataOption",
    "DirectoryTarget",
    "JsonOption",
    "LogOption",
    "ServerTarget",
    "Target",
    "UrlOption",
    "read_api_key",
    "resolve_target",
]

DEFAULT_DATA = Path("data")
_MAX_KEY_FILE_BYTES = 1_024

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="A data directory; else INDELIBLE_DATA, else ./data."),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="A server's address, instead of a directory; else INDELIBLE_URL."),
]
ApiKeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file", metavar="FILE", help="A file that holds the API key; else INDELIBLE_API_KEY is the key."
    ),
]
LogOption = Annotated[str, typer.Option("--log", metavar="NAME", help="The log.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTarget:
    """A server, and the key to show there."""

    url: str
    api_key: str | None

    def writer(self, log: str, *, patience: float = 5.0) -> AuditLog:
        """The log, for appending; ``patience`` is for how many seconds a server that does not answer is asked again."""
        from indelible.client import connect  # noqa: PLC0415 - a command on a directory needs no HTTP client

        return connect(self.url, api_key=self.api_key, log=log, patience=patience)

    def reader(self, log: str) -> AuditLog:
        """The log, for reading."""
        return self.writer(log)

    def administration(self) -> Administration:
        """The server, to be administered."""
        from indelible.client import Administration  # noqa: PLC0415 - as above

        return Administration(self.url, api_key=self.api_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryTarget:
    """A data directory."""

    path: Path

    def writer(self, log: str, *, patience: float = 5.0) -> AuditLog:  # noqa: ARG002 - a directory answers at once
        """The log, for appending.

        Raises:
            Locked: something holds the directory; the error names it.
        """
        from indelible import embedded  # noqa: PLC0415 - a command on a server needs no storage

        return embedded.open(self.path, log=log)

    def reader(self, log: str, *, on_indexing: Callable[[int, int], None] | None = None) -> AuditLog:
        """The log, for reading: needs neither lock nor key. ``on_indexing`` hears how far its index has come."""
        from indelible import embedded  # noqa: PLC0415 - as above

        return embedded.open(self.path, log=log, read_only=True, on_indexing=on_indexing)

    @contextmanager
    def administration(self) -> Iterator[DirectoryAdministration]:
        """The directory, to be administered; it has the methods of a server's administration.

        Raises:
            NotFound: there is no such directory.
        """
        from indelible.cli.administration import DirectoryAdministration  # noqa: PLC0415 - as above
        from indelible.embedded import DataDirectory  # noqa: PLC0415 - as above

        with DataDirectory.open(self.path) as directory:
            yield DirectoryAdministration(directory)


Target = ServerTarget | DirectoryTarget


def resolve_target(url: str | None, data: Path | None, api_key_file: Path | None) -> Target:
    """Decide between flags, environment and default.

    Raises:
        UsageError: both a server and a directory are named in the same place, or the key's file is unusable.
    """
    if url is not None and data is not None:
        raise UsageError("--url and --data name two different logs; give one of them")
    if url is None and data is None:
        url = os.environ.get("INDELIBLE_URL") or None
        directory = os.environ.get("INDELIBLE_DATA") or None
        if url is not None and directory is not None:
            raise UsageError("INDELIBLE_URL and INDELIBLE_DATA are both set; choose with --url or --data")
        data = None if directory is None else Path(directory)
    if url is None and api_key_file is not None:
        raise UsageError("--api-key-file is for a server; name one with --url, or leave it out")
    if url is None:
        return DirectoryTarget(path=data or DEFAULT_DATA)
    return ServerTarget(url=url, api_key=read_api_key(api_key_file))


def read_api_key(file: Path | None) -> str | None:
    """The API key in a file, else that of the environment, else ``None``.

    Raises:
        UsageError: the file does not hold a key.
    """
    if file is None:
        return os.environ.get("INDELIBLE_API_KEY") or None
    with file.open("rb") as stream:
        key = stream.read(_MAX_KEY_FILE_BYTES + 1).strip()
    if not key or len(key) > _MAX_KEY_FILE_BYTES or not key.isascii():
        raise UsageError(f"{file} does not hold an API key")
    return key.decode()
