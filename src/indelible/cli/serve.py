"""``indelible serve``: the composition root. Here, and nowhere else, a server is put together from its parts."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indelible import __version__
from indelible.cli.interruption import Interrupted
from indelible.cli.server_log import configure_server_log
from indelible.cli.target import DEFAULT_DATA, DataOption
from indelible.cli.terminal import Terminal
from indelible.config import DEFAULT_LISTEN, parse_listen
from indelible.embedded.principal import local_principal
from indelible.errors import Unavailable, UsageError
from indelible.system_log import Action, Caller, SystemEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indelible.system_log import SystemLog
    from indelible.system_log.acts import Acts

__all__ = ["register", "serve", "serve_directory"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("serve", epilog="Example: indelible serve --data ./data --listen 127.0.0.1:8420")(serve)


def serve(
    *,
    data: DataOption = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help=f"Where to listen, port 0 for a free one; else INDELIBLE_LISTEN, the configuration, {DEFAULT_LISTEN}.",
        ),
    ] = None,
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only",
            help="Serve what is there and write nothing: no appends, no administration, no lock. Keys are not needed.",
        ),
    ] = False,
) -> None:
    """Serve the logs of a data directory over HTTP, until SIGTERM. Creates nothing: see `indelible init`.

    SIGHUP reads the TLS certificate and its key again.
    """
    path = data or Path(os.environ.get("INDELIBLE_DATA") or DEFAULT_DATA)
    terminal = Terminal(json=False)
    serve_directory(
        path,
        listen,
        read_only=read_only,
        on_listening=lambda address: terminal.note(f"listening on {address}"),
    )


def serve_directory(
    path: Path, listen: str | None, *, read_only: bool = False, on_listening: Callable[[str], None]
) -> None:
    """Open everything, serve until a signal, close everything in the opposite order.

    With ``read_only``, or where the configuration says so, nothing is written and no lock is taken.

    Raises:
        NotFound: there is no such directory.
        Locked: something else writes there.
        IntegrityError: a log cannot be opened as it is.
    """
    try:
        import granian  # noqa: F401, PLC0415 - the bare install has no server, and says so
        import litestar  # noqa: F401, PLC0415
    except ImportError as error:
        raise UsageError("this is the bare install, without the server: pip install 'indelible[server]'") from error
    from indelible.access import ApiKeys, Authenticator, Grants  # noqa: PLC0415 - after the check above
    from indelible.cli.identity_providers import token_verifier  # noqa: PLC0415
    from indelible.control import ControlStore, SearchStore  # noqa: PLC0415
    from indelible.embedded import DataDirectory  # noqa: PLC0415
    from indelible.embedded.administration import acts_on  # noqa: PLC0415
    from indelible.server import HostedLogs, TlsFiles, create_app, run_server  # noqa: PLC0415

    with DataDirectory.open(path) as directory:
        configure_server_log(directory.configuration.logging)
        read_only = read_only or directory.configuration.server.read_only
        lock = None if read_only else directory.lock()
        configuration = directory.configuration
        tls = TlsFiles.from_settings(configuration.tls, path)
        tokens = token_verifier(configuration, path)
        host, port = parse_listen(listen or configuration.server.listen)

        def announce(real_host: str, real_port: int) -> None:
            name = f"[{real_host}]" if ":" in real_host else real_host
            address = f"{'http' if tls is None else 'https'}://{name}:{real_port}"
            if lock is not None:
                lock.announce(address)
            on_listening(address)

        try:
            with (
                ControlStore.open(directory.control_path, read_only=read_only) as store,
                HostedLogs.open(directory, read_only=read_only) as logs,
            ):
                acts = acts_on(directory, logs.system, store)
                app = create_app(
                    logs=logs,
                    api_keys=ApiKeys(store, acts),
                    grants=Grants(store, acts),
                    authenticator=Authenticator(store, tokens=tokens),
                    tokens=tokens,
                    acts=acts,
                    searches=SearchStore(store),
                    configuration=configuration,
                )
                # What has been made so far stays until the end; a full collection would walk all of it each time.
                gc.collect()
                gc.freeze()
                with nullcontext() if read_only else _running(logs.system, acts):
                    run_server(app, host=host, port=port, tls=tls, on_listening=announce)
        except Interrupted:
            return  # asked to stop before it had begun to listen; everything above is closed


@contextmanager
def _running(system: SystemLog, acts: Acts) -> Iterator[None]:
    """Record that the server starts and stops, and the outcome of acts that the last one could not finish.

    Raises:
        Unavailable: it cannot be recorded, so the server must not start.
    """
    by = Caller(id=local_principal())
    acts.reconcile()
    system.refill()
    system.record(SystemEvent(action=Action.SERVER_STARTED, by=by, details={"version": __version__}))
    try:
        yield
    finally:
        with suppress(Unavailable):  # the log has said so itself, and stopping must not fail
            system.record(SystemEvent(action=Action.SERVER_STOPPED, by=by))
