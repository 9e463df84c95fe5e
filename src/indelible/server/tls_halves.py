"""The two halves of a connection whose TLS is ended here: the client's, with TLS, and granian's, without.

What arrives at one is written to the other. A half whose buffer is full has the other one stop reading. OpenSSL works
in memory (:class:`ssl.MemoryBIO`), so that what goes out when, and how a connection ends, is decided here.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import socket

__all__ = ["PlainHalf", "TlsHalf"]

_PIECE = 65_536


class _Half(asyncio.Protocol):
    """What both do. ``closed`` is set once nothing arrives here any more, and nothing can be sent."""

    transport: asyncio.Transport
    other: _Half

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def send(self, data: bytes) -> None:
        """Write what the other half has read; dropped when this one has ended."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # type: ignore[explicit-override]  # of 3.12
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)  # of a socket, which goes both ways

    def pause_writing(self) -> None:  # type: ignore[explicit-override]
        """The buffer is full: read no more at the other half."""
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:  # type: ignore[explicit-override]
        """There is room again."""
        self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # type: ignore[explicit-override]  # noqa: ARG002 - asyncio's
        """End."""
        self.closed.set_result(None)


class TlsHalf(_Half):
    """The client's half. ``shaken`` is set once it has shown its certificate; then it waits for :meth:`join`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.shaken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failure: str | None = None
        """Why there was no handshake."""

    @property
    def certificate(self) -> bytes:
        """The client's certificate, as DER, once the handshake has verified it."""
        return self._tls.getpeercert(binary_form=True) or b""

    def join(self, other: PlainHalf) -> None:
        """Pass on what the client has sent, and go on reading."""
        self.other = other
        self._read()
        self.transport.resume_reading()

    def send(self, data: bytes) -> None:  # type: ignore[explicit-override]
        """Encrypt and write."""
        if self.transport.is_closing():
            return
        rest = memoryview(data)
        try:
            while rest:  # OpenSSL takes a record of it at a time
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:
            self.transport.abort()
        else:
            self._flush()

    def farewell(self) -> None:
        """Say that nothing will follow, and drop what the client still sends.

        To close while there is something unread would reset the connection, and the client might lose the answer.
        """
        if not self.transport.is_closing():
            self._say_goodbye()
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:  # type: ignore[explicit-override]
        """Take what the client sends."""
        self._incoming.write(data)
        if self.shaken.done():
            self._read()
        else:
            self._shake()

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self.failure = str(error)
            self._flush()  # the alert
            self.transport.close()
        else:
            self._flush()
            self.transport.pause_reading()
            self.shaken.set_result(None)

    def _read(self) -> None:
        """Decrypt what has arrived, and pass it on."""
        pieces = []
        gone = True
        try:
            while piece := self._tls.read(_PIECE):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            gone = False
        except ssl.SSLError:
            pass  # it has broken the protocol, or answered our goodbye
        if pieces:
            self.other.send(b"".join(pieces))
        self._flush()
        if gone:
            self._say_goodbye()
            self.transport.close()

    def _say_goodbye(self) -> None:
        with suppress(ssl.SSLError):  # it waits for the client's own, or has nothing to say after an alert
            self._tls.unwrap()
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.transport.write(self._outgoing.read())


class PlainHalf(_Half):
    """Granian's half."""

    def __init__(self, connected: socket.socket, other: TlsHalf) -> None:
        super().__init__()
        self._socket = connected
        self.other = other

    def send(self, data: bytes) -> None:  # type: ignore[explicit-override]
        """Write."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:  # type: ignore[explicit-override]
        """Take what granian answers."""
        self.other.send(data)

    def connection_lost(self, exc: Exception | None) -> None:  # type: ignore[explicit-override]
        """End. When granian has closed before it had read everything, the socket may still hold what it answered."""
        if exc is not None:
            with suppress(OSError):
                while data := self._socket.recv(_PIECE):
                    self.other.send(data)
        super().connection_lost(exc)
