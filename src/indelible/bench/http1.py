"""Just enough HTTP/1.1 to send load: requests as bytes made beforehand, responses read no further than needed.

A real client library costs more a request than the server under test. Only what this project's servers answer is
understood: ``Content-Length`` or chunked bodies, no trailers, no interim responses.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["Connection", "Response", "build_request", "response_end", "split_response"]

_PIECE = 262_144
_LAST_CHUNK = b"0\r\n\r\n"


class Response(NamedTuple):
    """A status and a body."""

    status: int
    body: bytes


def build_request(method: str, target: str, *, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def response_end(data: bytes | bytearray) -> int | None:
    """Where the response at the start of ``data`` ends; ``None`` while its head is incomplete or its length unknown.

    The end may lie beyond what has arrived.
    """
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return None
    fields = bytes(data[:head]).lower()
    place = fields.find(b"\r\ncontent-length:")
    if place >= 0:
        line_end = fields.find(b"\r\n", place + 2)
        return head + 4 + int(fields[place + 17 : line_end if line_end >= 0 else head])
    return len(data) if data.endswith(_LAST_CHUNK) else None


def split_response(data: bytes) -> Response:
    """The status and body of one whole response."""
    head, _, body = data.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        pieces = []
        while not body.startswith(b"0\r\n"):
            length, _, body = body.partition(b"\r\n")
            pieces.append(body[: int(length, 16)])
            body = body[int(length, 16) + 2 :]
        body = b"".join(pieces)
    return Response(int(head[9:12]), body)


class Connection:
    """One kept connection that waits for each answer."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> Response:
        """Send a request and read its response.

        Raises:
            ConnectionError: the server closed the connection.
        """
        self._socket.sendall(request)
        received = self._socket.recv(_PIECE)
        while (end := response_end(received)) is None or len(received) < end:
            piece = self._socket.recv(_PIECE)
            if not piece:
                raise ConnectionError("the server closed the connection in the middle of a response")
            received += piece
        return split_response(received)

    def stream(self, request: bytes) -> Iterator[bytes]:
        """Send a request and yield the body of its response as it comes: one that is chunked, of status 200.

        Raises:
            ConnectionError: the server closed the connection before the end, or answered otherwise.
        """
        self._socket.sendall(request)
        with self._socket.makefile("rb", buffering=_PIECE) as answer:
            head = b"".join(iter(answer.readline, b"\r\n")).lower()
            if not head.startswith(b"http/1.1 200 ") or b"transfer-encoding: chunked" not in head:
                raise ConnectionError(f"the server's answer was another one: {head!r}")
            while size := int(answer.readline() or b"-1", 16):
                if len(piece := answer.read(size + 2)) != size + 2:
                    raise ConnectionError("the server closed the connection in the middle of a response")
                yield piece[:-2]
            answer.readline()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
