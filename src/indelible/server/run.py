"""Serving: one process, one event loop, granian in front, new certificates without a pause, and an orderly end.

``SIGTERM`` and ``SIGINT`` stop new connections and let what is in hand finish, for at most ``drain_timeout`` seconds. A
second signal ends the process at once, which loses nothing that was acknowledged. ``SIGHUP`` reads certificate and key
again: a new listener takes over the socket, and the old one drains; where client certificates identify, the listener
stays and shows the new one to whoever connects from then on. When they cannot be used, the old ones stay.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from indelible.errors import ConfigurationError, InternalError
from indelible.server.sockets import GranianServer, listen
from indelible.server.tls_front import TlsFront

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from indelible.server.app import Application
    from indelible.server.tls import TlsFiles

__all__ = ["Signals", "run_server", "serve"]

_log = structlog.get_logger("indelible.server")
_PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Signals:
    """What a running server is told from outside."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)


def run_server(
    app: Application, *, host: str, port: int, tls: TlsFiles | None = None, on_listening: Callable[[str, int], None]
) -> None:
    """Serve until ``SIGTERM`` or ``SIGINT``; blocks, and runs its own event loop.

    ``on_listening`` is called with the address and the real port once the server answers there. When this returns no
    request is in hand, and the logs may be closed.

    Raises:
        ConfigurationError: the address cannot be listened on, or the certificate cannot be used.
    """
    if tls is not None:
        app.metrics.certificate = tls.check()
    listening = listen(host, port)
    try:
        asyncio.run(_until_signal(app, listening, tls, on_listening))
    finally:
        app.close()


async def _until_signal(
    app: Application, listening: socket.socket, tls: TlsFiles | None, on_listening: Callable[[str, int], None]
) -> None:
    signals = Signals()
    loop = asyncio.get_running_loop()

    def stop_on(number: signal.Signals) -> None:
        _log.info("server_stopping", signal=number.name)
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)  # from now on a signal does what it does to any process
        signals.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_on, number)
    loop.add_signal_handler(signal.SIGHUP, signals.reload.set)
    await serve(app, listening, tls=tls, signals=signals, on_listening=on_listening)


async def serve(
    app: Application,
    listening: socket.socket,
    *,
    tls: TlsFiles | None = None,
    signals: Signals,
    on_listening: Callable[[str, int], None],
) -> None:
    """Serve on the running event loop until told to stop; then drain, and return."""
    host, port = listening.getsockname()[:2]
    current = _begin(app, listening, tls)
    draining: set[asyncio.Task[None]] = set()
    told = {asyncio.create_task(event.wait()) for event in (signals.stop, signals.reload)}
    try:
        await _answers(current)
        on_listening(host, port)
        while not signals.stop.is_set() and not current.task.done():
            await asyncio.wait({current.task, *told}, return_when=asyncio.FIRST_COMPLETED)
            if signals.reload.is_set():
                signals.reload.clear()
                told = {task for task in told if not task.done()} | {asyncio.create_task(signals.reload.wait())}
                current = await _renewed(app, listening, tls, current, draining)
        listening.close()  # whoever comes now is refused, not left waiting
        app.stop_streams()
        current.stop()
        # Granian closes idle connections and waits for the others; a client that never finishes must not keep us.
        with suppress(TimeoutError):
            async with asyncio.timeout(app.settings.drain_timeout):
                await asyncio.gather(current.task, *draining)
    finally:
        for task in (*told, *draining, current.task):
            task.cancel()
        listening.close()
    _log.info("server_stopped")


class _Listener:
    """Granian on a copy of the listening socket, and the task that it runs in."""

    def __init__(self, app: Application, listening: socket.socket, tls: TlsFiles | None) -> None:
        self._server = GranianServer(app, listening.dup(), tls)
        self._address = listening.getsockname()[:2]
        self._tls = tls is not None
        self.task: asyncio.Task[None] = asyncio.create_task(self._server.serve())

    def stop(self) -> None:
        """Take no new connections, close idle ones, and end once the others have been answered."""
        self._server.stop()  # type: ignore[no-untyped-call]

    async def reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to granian."""
        context = None
        if self._tls:
            # Whether the certificate is for this name is for clients to judge; here it matters that there is an answer.
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return await asyncio.open_connection(*self._address, ssl=context)


def _begin(app: Application, listening: socket.socket, tls: TlsFiles | None) -> _Listener | TlsFront:
    """Listen; with granian's own TLS, unless somebody needs to know the certificates of clients."""
    if tls is None or tls.client_ca is None or not app.certificates:
        return _Listener(app, listening, tls)
    try:
        return TlsFront(app, listening, tls)
    except ConfigurationError:
        listening.close()
        raise


async def _renewed(
    app: Application,
    listening: socket.socket,
    tls: TlsFiles | None,
    current: _Listener | TlsFront,
    draining: set[asyncio.Task[None]],
) -> _Listener | TlsFront:
    """A listener with the certificate of now, while an old one drains; the old one when that cannot be."""
    if tls is None:
        _log.info("reload_without_effect", reason="only certificates are read again, and this server has none")
        return current
    try:
        facts = tls.check()
        if isinstance(current, TlsFront):
            current.renew(tls)
    except ConfigurationError as error:
        _log.error("certificate_not_reloaded", reason=str(error))
        return current
    new = current
    if isinstance(current, _Listener):
        new = _Listener(app, listening, tls)
        await asyncio.sleep(0)  # it starts to accept before the old one ends
        if new.task.done():
            _log.error("certificate_not_reloaded", reason=repr(new.task.exception()))
            return current
        current.stop()  # granian closes what has sent no request yet; who connects again reaches the new listener
        draining.add(current.task)
        current.task.add_done_callback(draining.discard)
    app.metrics.certificate = facts
    _log.info("certificate_reloaded", names=list(facts.names), not_after=facts.not_after.isoformat())
    return new


async def _answers(listener: _Listener | TlsFront) -> None:
    """Wait until the server answers a request: only then is it listening in a sense that anybody can use."""
    answer = asyncio.create_task(_ask(listener))
    await asyncio.wait({answer, listener.task}, return_when=asyncio.FIRST_COMPLETED)
    if listener.task.done():
        answer.cancel()
        raise InternalError("the HTTP server ended before it answered") from listener.task.exception()
    await answer


async def _ask(listener: _Listener | TlsFront) -> None:
    with suppress(ssl.SSLError, ConnectionResetError):  # one that demands a certificate of ours has answered, too
        reader, writer = await listener.reach()
        writer.write(_PROBE)
        await reader.readline()
        writer.close()
