"""Following a log on a real server, through its restart: nothing is lost, nothing is repeated."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import indelible
import indelible.aio
from indelible.access import ApiKeys, Grant, Role
from indelible.embedded import DataDirectory
from indelible.embedded.administration import administering
from tests.e2e.cli.command import Command

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.sdk.feed import Flow
    from indelible.sdk.found import FoundEntry
    from tests.e2e.cli.command import Serving

PATIENCE = 60


class Follower:
    """Reads a tail in a thread of its own."""

    def __init__(self, flow: Flow[FoundEntry]) -> None:
        self.flow = flow
        self.indices: list[int] = []
        self._told = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for entry in self.flow:
            with self._told:
                self.indices.append(entry.index)
                self._told.notify_all()

    def await_count(self, count: int) -> None:
        with self._told:
            assert self._told.wait_for(lambda: len(self.indices) >= count, PATIENCE), self.indices

    def close(self) -> None:
        self.flow.close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def key(tmp_path: Path) -> str:
    """An administrator's key for the data directory at ``data``, which it makes."""
    environment = {"INDELIBLE_STATE": str(tmp_path / "state")}
    with (
        DataDirectory.create(tmp_path / "data", environment=environment) as directory,
        administering(directory) as admin,
    ):
        keys = ApiKeys(admin.store, admin.acts)
        made = keys.create(name="test", grants=[Grant(Role.ADMIN, "*")], by=admin.by)
    return made.secret


def test_a_tail_survives_a_restart_of_the_server(tmp_path: Path, key: str) -> None:
    """What was recorded before, at and after the restart comes once each, to one that filters and one that does not."""
    command = Command(tmp_path)
    with ExitStack() as stack:
        server: Serving = stack.enter_context(command.serving())
        environment = {"INDELIBLE_STATE": str(tmp_path / "state")}
        log = stack.enter_context(indelible.connect(server.url, api_key=key, environment=environment))
        everything, some = Follower(log.tail(after=-1)), Follower(log.tail("action:b", after=-1))
        stack.callback(everything.close)
        stack.callback(some.close)
        log.record_many([{"action": action, "actor": "user:ada"} for action in ("a", "b", "a")])
        everything.await_count(3)
        assert server.stop() == 0
        address = server.url.removeprefix("http://")
        stack.enter_context(command.serving("serve", "--listen", address))
        log.record_many([{"action": action, "actor": "user:ada"} for action in ("b", "a", "b")])
        everything.await_count(6)
        some.await_count(3)
        everything.close()
        some.close()
        assert everything.indices == list(range(6))
        assert some.indices == [1, 3, 5]


def test_a_tail_of_an_empty_log_misses_nothing(tmp_path: Path, key: str) -> None:
    """From now on, where there is nothing yet: the first event of the log is the first of the tail, with await too."""

    async def follow(url: str, environment: dict[str, str]) -> list[int]:
        async with indelible.aio.connect(url, api_key=key, environment=environment) as log, log.tail() as flow:
            first = asyncio.ensure_future(anext(flow))
            while not flow._feed._stream:  # type: ignore[attr-defined]  # noqa: ASYNC110 - nothing else tells that it listens
                await asyncio.sleep(0.01)
            await log.record("a", actor="user:ada")
            await log.record("b", actor="user:ada")
            return [(await first).index, (await anext(flow)).index]

    with Command(tmp_path).serving() as server:
        assert asyncio.run(follow(server.url, {"INDELIBLE_STATE": str(tmp_path / "state")})) == [0, 1]
