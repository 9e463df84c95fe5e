"""TLS that is ended here and not by granian, so that the certificate of a connection is known to its requests.

granian verifies client certificates and shows them to nobody. So this takes the connections: it makes the handshake and
passes the bytes on to granian, which listens on a Unix socket in a folder that only this user can enter. Each
connection has a name there that is never used again; by it a request is known as the one of a certificate. A request
without such a name did not come through here, and is refused before anything reads it.

For each connection it holds a few buffers of bounded size, however much passes: whoever reads slowly is waited for, in
both directions. It knows nothing of HTTP. As granian does, it takes the end of what a client sends for the client's
leaving.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
import socket
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from indelible.errors import ConfigurationError
from indelible.server.proxies import CONNECTION_CERTIFICATE
from indelible.server.sockets import BACKLOG, MAX_CONNECTIONS, GranianServer
from indelible.server.tls_halves import PlainHalf, TlsHalf

if TYPE_CHECKING:
    from indelible.server.app import Application
    from indelible.server.asgi import Receive, Scope, Send
    from indelible.server.tls import TlsFiles

__all__ = ["TlsFront"]

_log = structlog.get_logger("indelible.server")
_GRANIAN = "granian"
_HANDSHAKE_SECONDS = 10.0
_FAREWELL_SECONDS = 30.0
"""How long a client may take for the last of an answer, and for its side of the goodbye."""


@dataclass(frozen=True, slots=True)
class _Peer:
    """Who is at the other end of a connection."""

    address: tuple[str, int]
    certificate: bytes | None
    """As RFC 9440 writes it; ``None`` when no identity is configured for it, so that it opened the gate and no more."""


class TlsFront:
    """Granian behind TLS that is ended here, and the task that both run in."""

    def __init__(self, app: Application, listening: socket.socket, tls: TlsFiles) -> None:
        """Serve on a copy of the listening socket.

        Raises:
            ConfigurationError: a file of the TLS cannot be used, or there is no place for the socket to granian.
        """
        self._app = app
        self._context = tls.context()
        self._folder, inner = _private_socket()
        self._listening = listening.dup()
        self._server = GranianServer(self._answer, inner, None)
        self._names = map(str, itertools.count(1))
        self._peers: dict[str, _Peer] = {}
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._connections: set[asyncio.Task[None]] = set()
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Take no new connections, close idle ones, and end once the others have been answered."""
        self._accepting.cancel()
        self._stopped.set_result(None)
        self._server.stop()  # type: ignore[no-untyped-call]

    def renew(self, tls: TlsFiles) -> None:
        """Meet whoever connects from now on with the files as they are now. Raises as the constructor does."""
        self._context = tls.context()

    async def reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to granian that has not come through here: what is asked on it is refused."""
        return await asyncio.open_unix_connection(self._folder / _GRANIAN)

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as together:  # nothing goes on if accepting ever fails
                self._accepting = together.create_task(self._accept())
                await self._server.serve()
            if self._connections:  # granian has said everything; some of it may still be on its way through here
                await asyncio.wait(self._connections)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self) -> None:
        """Take connections, as many at once as granian would; the others wait in the kernel's queue."""
        loop = asyncio.get_running_loop()
        with self._listening:
            while True:
                await self._slots.acquire()
                try:
                    accepted, _ = await loop.sock_accept(self._listening)
                except OSError as error:
                    self._slots.release()
                    if not isinstance(error, ConnectionError):  # it has gone again; otherwise no file can be opened
                        _log.error("connections_not_accepted", reason=str(error))
                        await asyncio.sleep(1)
                    continue
                task = asyncio.create_task(self._serve(accepted))
                self._connections.add(task)
                task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        self._slots.release()

    async def _serve(self, accepted: socket.socket) -> None:
        """One connection, from its handshake to its goodbye."""
        loop = asyncio.get_running_loop()
        name = str(self._folder / next(self._names))
        with ExitStack() as ending:
            try:
                outside, outer = await loop.connect_accepted_socket(lambda: TlsHalf(self._context), accepted)
                ending.callback(outside.abort)
                await _first(outer.shaken, outer.closed, self._stopped, seconds=_HANDSHAKE_SECONDS)
                if self._stopped.done() or not outer.shaken.done():
                    _log.debug("connection_refused", reason=outer.failure or "no handshake in time")
                    return
                self._peers[name] = self._peer(outer)  # before granian can read a byte of it
                ending.callback(self._peers.pop, name)
                connected = _connect(name, self._folder / _GRANIAN)
                inside, inner = await loop.create_unix_connection(lambda: PlainHalf(connected, outer), sock=connected)
                ending.callback(inside.abort)
            except OSError as error:
                _log.error("connection_not_served", reason=str(error))
                return
            outer.join(inner)
            await _first(outer.closed, inner.closed)
            inside.close()  # once what the client had sent has been passed on
            outer.farewell()
            await _first(outer.closed, self._stopped, seconds=_FAREWELL_SECONDS)
            outside.close()
            await asyncio.wait({outer.closed, inner.closed}, timeout=_FAREWELL_SECONDS)

    def _peer(self, outer: TlsHalf) -> _Peer:
        certificate = b":" + base64.b64encode(outer.certificate) + b":"
        known = self._app.certificates.knows(certificate)
        return _Peer(outer.transport.get_extra_info("peername")[:2], certificate if known else None)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What granian calls: the application, for requests that came through here."""
        peer = self._peers.get(scope["client"][0])
        if peer is None:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": b""})
            return
        scope["client"], scope["scheme"] = peer.address, "https"
        scope[CONNECTION_CERTIFICATE] = peer.certificate
        await self._app(scope, receive, send)


def _private_socket() -> tuple[Path, socket.socket]:
    """A socket that listens in a folder of its own, which nobody but this user can enter."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="indelible-"))
        listening = socket.socket(socket.AF_UNIX)
        try:
            listening.bind(str(folder / _GRANIAN))
            listening.listen(BACKLOG)
            listening.setblocking(False)  # noqa: FBT003 - its name says what
        except BaseException:
            listening.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        detail = (
            f"no socket can be made in the folder for temporary files: {error}; set TMPDIR to another, of a short name"
        )
        raise ConfigurationError(detail) from error
    return folder, listening


def _connect(name: str, path: Path) -> socket.socket:
    """A connection to a Unix socket from an address with this name, which does not stay in the file system."""
    connected = socket.socket(socket.AF_UNIX)
    try:
        connected.setblocking(False)  # noqa: FBT003 - its name says what
        connected.bind(name)
        try:
            connected.connect(str(path))  # between Unix sockets this is done at once, or not at all
        finally:
            Path(name).unlink()
    except BaseException:
        connected.close()
        raise
    return connected


async def _first(*events: asyncio.Future[None], seconds: float | None = None) -> None:
    """Wait for the first of these, and not longer than that."""
    await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
