"""Serving: one process, one event loop, granian in front, and an orderly end.

``SIGTERM`` and ``SIGINT`` stop new connections and let what is in hand finish, for at most ``drain_timeout`` seconds. A
second signal ends the process at once, which loses nothing that was acknowledged.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from indelible.errors import InternalError
from indelible.server.sockets import GranianServer, listen

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from indelible.server.app import Application

__all__ = ["run_server", "serve"]

_log = structlog.get_logger("indelible.server")
_PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def run_server(app: Application, *, host: str, port: int, on_listening: Callable[[str, int], None]) -> None:
    """Serve until ``SIGTERM`` or ``SIGINT``; blocks, and runs its own event loop.

    ``on_listening`` is called with the address and the real port once the server answers there. When this returns no
    request is in hand, and the logs may be closed.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    listening = listen(host, port)
    try:
        asyncio.run(_until_signal(app, listening, on_listening))
    finally:
        app.close()


async def _until_signal(app: Application, listening: socket.socket, on_listening: Callable[[str, int], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_on(number: signal.Signals) -> None:
        _log.info("server_stopping", signal=number.name)
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)  # from now on a signal does what it does to any process
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_on, number)
    await serve(app, listening, stop=stop, on_listening=on_listening)


async def serve(
    app: Application, listening: socket.socket, *, stop: asyncio.Event, on_listening: Callable[[str, int], None]
) -> None:
    """Serve on the running event loop until ``stop`` is set; then drain, and return."""
    host, port = listening.getsockname()[:2]
    server = GranianServer(app, listening)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await _answers(host, port, serving)
        on_listening(host, port)
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        app.stop_streams()
        server.stop()  # type: ignore[no-untyped-call]
        # Granian closes idle connections and waits for the others; a client that never finishes must not keep us.
        with suppress(TimeoutError):
            async with asyncio.timeout(app.settings.drain_timeout):
                await serving
    finally:
        stopping.cancel()
        serving.cancel()
    _log.info("server_stopped")


async def _answers(host: str, port: int, serving: asyncio.Task[None]) -> None:
    """Wait until the server answers a request: only then is it listening in a sense that anybody can use."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(_PROBE)
    answer = asyncio.create_task(reader.readline())
    await asyncio.wait({answer, serving}, return_when=asyncio.FIRST_COMPLETED)
    writer.close()
    if serving.done():
        answer.cancel()
        raise InternalError("the HTTP server ended before it answered") from serving.exception()
