"""A log in a fresh data directory, served by ``indelible serve`` in a process of its own, with a writer's key."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from indelible.access import ApiKeys, Grant
from indelible.bench.data import create_directory, directory_environment
from indelible.bench.http1 import Connection, build_request
from indelible.bench.load import LoadPlan, LoadResult
from indelible.bench.processes import resident_bytes, run_load, serving
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from indelible.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.bench.processes import ServerProcess

__all__ = ["EVENTS_TARGET", "WITHOUT_INDEX", "ServedLog", "served_directory", "served_log"]

EVENTS_TARGET = "/v1/logs/main/events"
WITHOUT_INDEX = {"INDELIBLE_INDEX_ENABLED": "false"}
"""Configures a server that keeps no search index: for figures of the log itself."""

_SETTLE_SECONDS = 120
_POLL_SECONDS = 0.02
_RESTING_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLog:
    """A running server and what it takes to write to its log ``main``; hands out event numbers, each once."""

    directory: Path
    server: ServerProcess
    authorization: str
    numbers: Iterator[int]

    def load(
        self, *, connections: int, requests: int, events: int, target: str = EVENTS_TARGET, pace: float = 0.0
    ) -> LoadResult:
        """Have the load generator send new events; ``pace`` is requests a second at most, 0 for as many as it takes."""
        first = next(self.numbers) << 24  # every load has 2**24 numbers to itself
        return run_load(
            LoadPlan(
                host=self.server.host,
                port=self.server.port,
                target=target,
                authorization=self.authorization,
                connections=connections,
                requests=requests,
                events=events,
                first=first,
                pace=pace,
            )
        )

    def connect(self) -> Connection:
        """A connection to the server."""
        return Connection(self.server.host, self.server.port)

    def get(self, target: str) -> bytes:
        """The bytes of a request for one request."""
        return build_request("GET", target, headers={"Authorization": self.authorization})

    def post(self, body: bytes, *, media_type: str) -> bytes:
        """The bytes of a request that appends."""
        headers = {"Authorization": self.authorization, "Content-Type": media_type}
        return build_request("POST", EVENTS_TARGET, headers=headers, body=body)

    def settle(self) -> None:
        """Wait until everything journaled is published, so that no earlier load weighs on the next measurement.

        Raises:
            InternalError: that took two minutes.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        with self.connect() as connection:
            while time.monotonic() < deadline:
                log = msgspec.json.decode(connection.exchange(self.get("/v1/logs/main")).body)
                if log["size"] == log["journaled"]:
                    return
                time.sleep(0.05)
        raise InternalError("the log did not publish what was journaled")

    def rest(self) -> None:
        """Settle, and wait until nothing else is left to do: segments of the index and their filters are made later.

        Raises:
            InternalError: either took two minutes.
        """
        self.settle()
        deadline = time.monotonic() + _SETTLE_SECONDS
        before, now = None, self._index_files()
        while before != now:
            if time.monotonic() > deadline:
                raise InternalError("the server did not come to rest")
            time.sleep(_RESTING_SECONDS)
            before, now = now, self._index_files()

    def _index_files(self) -> set[str]:
        return {path.name for path in self.directory.glob("index/main/*")}

    def wait_indexed(self, size: int) -> None:
        """Wait until the index has ``size`` entries.

        Raises:
            InternalError: that took two minutes.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        with self.connect() as connection:
            while time.monotonic() < deadline:
                page = msgspec.json.decode(connection.exchange(self.get(f"{EVENTS_TARGET}?limit=1")).body)
                if page["coverage"]["indexed"] >= size:
                    return
                time.sleep(_POLL_SECONDS)
        raise InternalError(f"the index did not reach {size} entries")

    def resident_bytes(self) -> int:
        """The server process's resident size."""
        return resident_bytes(self.server.pid)


@contextmanager
def served_log(directory: Path, **variables: str) -> Iterator[ServedLog]:
    """Create a data directory at ``directory`` and serve it while the block runs; ``variables`` configure it."""
    create_directory(directory)
    with served_directory(directory, **variables) as log:
        yield log


@contextmanager
def served_directory(directory: Path, **variables: str) -> Iterator[ServedLog]:
    """Serve a data directory of :func:`create_directory` while the block runs."""
    with (
        DataDirectory.open(directory, environment=directory_environment(directory)) as opened,
        administering(opened) as admin,
    ):
        key = ApiKeys(admin.store, admin.acts).create(name="benchmark", grants=[Grant.parse("admin:*")], by=admin.by)
    arguments = ["-m", "indelible", "serve", "--data", str(directory), "--listen", "127.0.0.1:0"]
    with serving(arguments, environment={**directory_environment(directory), **variables}) as server:
        yield ServedLog(directory=directory, server=server, authorization=f"Bearer {key.secret}", numbers=count())
