"""Reading request bodies: bounded before they are read, while they are read, and while they are decompressed.

Three bounds hold: the bytes of one body as sent, the bytes of one body decompressed, and the bytes of all bodies in
hand together. A body that would pass one is refused before it takes the memory.
"""

from __future__ import annotations

import asyncio
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import MalformedInput, Overloaded, TooLarge
from indelible.server.problem import Refusal
from indelible.server.proxies import CLIENT_CERT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from indelible.server.asgi import Receive

__all__ = ["Budget", "ClientGone", "Headers", "Reserved", "gunzip", "read_body", "read_headers"]

_CHUNK = 1 << 20  # the tail not yet read is copied once a chunk


class ClientGone(Exception):  # noqa: N818 - not an error of anybody's
    """The client went away before its request had arrived; there is nobody to answer."""


@dataclass(slots=True)
class Headers:
    """The few request headers that matter here, as sent."""

    authorization: bytes | None = None
    content_type: bytes | None = None
    content_encoding: bytes | None = None
    content_length: bytes | None = None
    client_certificate: bytes | None = None
    """One that has been verified: :mod:`indelible.server.proxies` lets no other come here."""
    cookie: bytes | None = None
    expects_continue: bool = False


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Pick the headers that matter; names are in lower case, as ASGI has them.

    Raises:
        Refusal: 400: one of them stands twice, so that two readers might each believe another.
    """
    found = Headers()
    for name, value in headers:
        if name == b"content-type":
            found.content_type = _once(found.content_type, value, name)
        elif name == b"content-length":
            found.content_length = _once(found.content_length, value, name)
        elif name == b"authorization":
            found.authorization = _once(found.authorization, value, name)
        elif name == b"content-encoding":
            found.content_encoding = _once(found.content_encoding, value, name)
        elif name == b"cookie":
            found.cookie = _once(found.cookie, value, name)
        elif name == CLIENT_CERT:
            found.client_certificate = _once(found.client_certificate, value, name)
        elif name == b"expect":
            found.expects_continue = True
    return found


class Budget:
    """How many bytes of bodies may be in hand at once. Safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes in hand now."""
        return self._used

    def take(self, count: int) -> None:
        """Reserve ``count`` bytes.

        Raises:
            Overloaded: there is no room now.
        """
        with self._lock:
            if self._used + count > self.limit:
                raise Overloaded("the server has its hands full of requests; send this one again in a moment")
            self._used += count

    def give_back(self, count: int) -> None:
        """Release bytes that were taken."""
        with self._lock:
            self._used -= count


class Reserved:
    """What one request has taken from the budget; given back when the request is done."""

    __slots__ = ("_budget", "_taken")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._taken = 0

    def take(self, count: int) -> None:
        """Reserve ``count`` bytes more. Raises as :meth:`Budget.take` does."""
        self._budget.take(count)
        self._taken += count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.give_back(self._taken)


async def read_body(receive: Receive, headers: Headers, reserved: Reserved, *, limit: int, seconds: float) -> bytes:
    """The whole body, at most ``limit`` bytes of it, within ``seconds``.

    Raises:
        TooLarge: it is larger.
        Overloaded: too many bodies are in hand.
        Refusal: 408: it did not arrive in time.
        ClientGone: the client went away.
    """
    declared = _declared_length(headers)
    if declared is not None and declared > limit:
        raise _too_large(limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientGone
    reserved.take(len(body))
    # With a declared length the end is known without another turn of the event loop.
    if not message.get("more_body", False) or len(body) == declared:
        return _within(body, limit)
    try:
        async with asyncio.timeout(seconds):
            return await _read_rest(receive, body, reserved, limit=limit)
    except TimeoutError:
        raise Refusal(408, "timeout", f"the body had not arrived within {seconds:g} seconds") from None


async def _read_rest(receive: Receive, first: bytes, reserved: Reserved, *, limit: int) -> bytes:
    parts = [_within(first, limit)]
    size = len(first)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        reserved.take(len(part))
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def gunzip(data: bytes, reserved: Reserved, *, limit: int) -> bytes:
    """Decompress gzip (RFC 1952, one member or several), at most to ``limit`` bytes. Blocks.

    Raises:
        MalformedInput: not gzip, cut short, or followed by something else.
        TooLarge: it would decompress to more than ``limit`` bytes.
        Overloaded: too many bodies are in hand.
    """
    parts: list[bytes] = []
    size = 0
    while data:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            try:
                part = member.decompress(data, _CHUNK)
            except zlib.error:
                raise MalformedInput("the body is not gzip, as its Content-Encoding says") from None
            data = member.unconsumed_tail
            if not part and not data and not member.eof:
                raise MalformedInput("the gzip body ends too early")
            size += len(part)
            if size > limit:
                detail = f"the body decompresses to more than {limit:,} bytes; send the events in several requests"
                raise TooLarge(detail, limit=limit, what="decompressed-body-too-large")
            reserved.take(len(part))
            parts.append(part)
        data = member.unused_data
    if not parts and not size:
        raise MalformedInput("the body is empty, which is not gzip")
    return b"".join(parts)


def _declared_length(headers: Headers) -> int | None:
    text = headers.content_length
    if text is None:
        return None
    if not text.isdigit() or len(text) > 18:
        raise MalformedInput("Content-Length is not a number")
    return int(text)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> TooLarge:
    detail = f"the body is larger than {limit:,} bytes; send its parts in several requests"
    return TooLarge(detail, limit=limit, what="body-too-large")


def _once(before: bytes | None, value: bytes, name: bytes) -> bytes:
    if before is not None:
        raise Refusal(400, "malformed-input", f"the header {name.decode()} stands twice")
    return value
