"""A real server on loopback: granian, a data directory, keys of every role."""

from __future__ import annotations

import asyncio
import itertools
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from indelible.access import ApiKeys, Authenticator, Grant, Grants
from indelible.config import Configuration
from indelible.control import ControlStore, SearchStore
from indelible.embedded.administration import acts_on
from indelible.embedded.data_directory import DataDirectory
from indelible.server import HostedLogs, ServerSettings, create_app
from indelible.server.run import Signals, serve
from indelible.server.sockets import listen
from tests.recorded_log import TEST

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.server import Application, TlsFiles
    from indelible.system_log.acts import Acts

__all__ = ["ROLES", "Served", "serving", "serving_directory"]

ROLES = ("writer", "reader", "auditor", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server, and a client for each role on every log."""

    url: str
    app: Application
    logs: HostedLogs
    api_keys: ApiKeys
    authenticator: Authenticator
    acts: Acts
    store: ControlStore
    secrets: dict[str, str]
    _numbers: Iterator[int]
    _told: tuple[asyncio.AbstractEventLoop, Signals]

    def client(self, role: str | None, *, verify: ssl.SSLContext | bool = True) -> httpx.Client:
        """A client with the key of this role, or without any."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.secrets[role]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=verify)

    def reload(self) -> None:
        """What ``SIGHUP`` does."""
        loop, signals = self._told
        loop.call_soon_threadsafe(signals.reload.set)

    def new_log(self, *, public: bool = False) -> str:
        """The name of a log that nobody else uses."""
        name = f"log{next(self._numbers)}"
        self.logs.create(name, acts=self.acts, by=TEST, origin=None, public=public)
        return name

    def journaled(self, log: str) -> int:
        """How many entries the log has, published or not."""
        return self.logs.get(log).log.status.journaled


@contextmanager
def serving(
    folder: Path,
    *,
    settings: ServerSettings | None = None,
    configuration: Configuration | None = None,
    tls: TlsFiles | None = None,
    **variables: str,
) -> Iterator[Served]:
    """Serve a new data directory until the block ends; then drain, and close it. ``variables`` configure its logs."""
    configuration = configuration or Configuration(server=settings or ServerSettings())
    environment = {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder), **variables}
    with (
        DataDirectory.create(folder / "data", environment=environment) as directory,
        ControlStore.open(directory.control_path) as store,
        HostedLogs.open(directory) as logs,
    ):
        acts = acts_on(directory, logs.system, store)
        keys = ApiKeys(store, acts)
        authenticator = Authenticator(store)
        secrets = {role: keys.create(name=role, grants=[Grant.parse(f"{role}:*")], by=TEST).secret for role in ROLES}
        app = application(logs, store, acts, authenticator, configuration)
        with running(app, tls=tls) as (url, told):
            yield Served(
                url=url,
                app=app,
                logs=logs,
                api_keys=keys,
                authenticator=authenticator,
                acts=acts,
                store=store,
                secrets=secrets,
                _numbers=itertools.count(),
                _told=told,
            )
        app.close()


def application(
    logs: HostedLogs, store: ControlStore, acts: Acts, authenticator: Authenticator, configuration: Configuration
) -> Application:
    """The application over what has been opened."""
    return create_app(
        logs=logs,
        api_keys=ApiKeys(store, acts),
        grants=Grants(store, acts),
        acts=acts,
        authenticator=authenticator,
        searches=SearchStore(store),
        configuration=configuration,
    )


@contextmanager
def serving_directory(data: Path, *, read_only: bool) -> Iterator[str]:
    """Serve an existing data directory until the block ends; gives its address."""
    with (
        DataDirectory.open(data) as directory,
        ControlStore.open(directory.control_path, read_only=read_only) as store,
        HostedLogs.open(directory, read_only=read_only) as logs,
    ):
        acts = acts_on(directory, logs.system, store)
        app = application(logs, store, acts, Authenticator(store), directory.configuration)
        with running(app) as (url, _):
            yield url
        app.close()


@contextmanager
def running(
    app: Application, *, tls: TlsFiles | None = None
) -> Iterator[tuple[str, tuple[asyncio.AbstractEventLoop, Signals]]]:
    """Run an application in a thread of its own; gives its address, and what it can be told there."""
    listening = listen("127.0.0.1", 0)
    url = f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.getsockname()[1]}"
    ready = threading.Event()
    failure: list[BaseException] = []
    told: list[tuple[asyncio.AbstractEventLoop, Signals]] = []

    async def run() -> None:
        told.append((asyncio.get_running_loop(), Signals()))
        if tls is not None:
            app.metrics.certificate = tls.check()
        await serve(app, listening, tls=tls, signals=told[0][1], on_listening=lambda _host, _port: ready.set())

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main, name="served")
    thread.start()
    ready.wait()
    try:
        if failure:
            raise failure[0]
        yield url, told[0]
    finally:
        if not failure:
            loop, signals = told[0]
            loop.call_soon_threadsafe(signals.stop.set)
        thread.join()
