"""What performs the effects of the client's plans over HTTP, once for threads and once for an event loop.

Failures of the network become :class:`~indelible.errors.Unavailable` here; what a status means is decided in the plan.
Redirects are not followed: credentials go to one address only.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import aclosing, closing, suppress
from typing import TYPE_CHECKING

import httpx

from indelible.client.exchange import Answer, Call, Close, Exchange, Open, Opened, Pause, Read, check_url
from indelible.errors import PeerError, Unavailable, UsageError

if TYPE_CHECKING:
    from indelible.client.exchange import Effect

__all__ = ["AsyncTransport", "SyncTransport"]

MAX_ANSWER_BYTES = 64 << 20
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_STREAM_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # several of the heartbeats that a quiet stream sends


class SyncTransport:
    """Performs effects one after another, over kept connections."""

    def __init__(self, url: str, *, api_key: str | None, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=check_url(url), headers=_headers(api_key), timeout=_TIMEOUT, transport=transport
        )

    def __call__(self, effect: Effect) -> object:
        """Perform one effect.

        Raises:
            Unavailable: the server could not be reached, did not answer in time, or broke off.
            PeerError: the answer is larger than any answer may be.
        """
        match effect:
            case Exchange():
                return self.exchange(effect)
            case Call():
                return effect.function()
            case Pause():
                time.sleep(effect.seconds)
            case Open():
                return self._open(effect.request)
            case Read(stream=_SyncStream() as stream):
                return self._read(stream)
            case Close(stream=_SyncStream() as stream):
                stream.response.close()
            case _:
                raise TypeError(effect)
        return None

    def exchange(self, request: Exchange) -> Answer:
        """Send one request; raises as :meth:`__call__`."""
        try:
            response = self._client.send(_request(self._client, request), stream=True)
            with closing(response):
                return self._whole(response)
        except httpx.HTTPError as error:
            raise _unreachable(self._client.base_url, error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _open(self, request: Exchange) -> Opened:
        try:
            response = self._client.send(_request(self._client, request, _STREAM_TIMEOUT), stream=True)
            if response.status_code == 200:
                return Opened(answer=_answer(response, b""), stream=_SyncStream(response))
            with closing(response):
                return Opened(answer=self._whole(response), stream=None)
        except httpx.HTTPError as error:
            raise _unreachable(self._client.base_url, error) from error

    def _read(self, stream: _SyncStream) -> bytes:
        try:
            return next(stream.chunks, b"")
        except httpx.HTTPError as error:
            raise _unreachable(self._client.base_url, error) from error

    def _whole(self, response: httpx.Response) -> Answer:
        body = bytearray()
        for chunk in response.iter_bytes():
            _collect(body, chunk)
        return _answer(response, body)


class AsyncTransport:
    """Performs effects on an event loop, over kept connections."""

    def __init__(self, url: str, *, api_key: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=check_url(url), headers=_headers(api_key), timeout=_TIMEOUT, transport=transport
        )

    async def __call__(self, effect: Effect) -> object:
        """As :meth:`SyncTransport.__call__`."""
        match effect:
            case Pause():
                await asyncio.sleep(effect.seconds)
            case Call():
                return await asyncio.to_thread(effect.function)
            case Close(stream=_AsyncStream() as stream):
                await stream.response.aclose()
            case _:
                return await self._over_network(effect)
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _over_network(self, effect: Effect) -> object:
        try:
            match effect:
                case Exchange():
                    return await self._exchange(effect)
                case Open():
                    return await self._open(effect.request)
                case Read(stream=_AsyncStream() as stream):
                    return await anext(stream.chunks, b"")
        except httpx.HTTPError as error:
            raise _unreachable(self._client.base_url, error) from error
        raise TypeError(effect)

    async def _exchange(self, request: Exchange) -> Answer:
        response = await self._client.send(_request(self._client, request), stream=True)
        async with aclosing(response):
            return await self._whole(response)

    async def _open(self, request: Exchange) -> Opened:
        response = await self._client.send(_request(self._client, request, _STREAM_TIMEOUT), stream=True)
        if response.status_code == 200:
            return Opened(answer=_answer(response, b""), stream=_AsyncStream(response))
        async with aclosing(response):
            return Opened(answer=await self._whole(response), stream=None)

    async def _whole(self, response: httpx.Response) -> Answer:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            _collect(body, chunk)
        return _answer(response, body)


class _SyncStream:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.chunks = response.iter_bytes()

    def wake(self) -> None:
        """See :class:`indelible.client.exchange.Stream`."""
        _cut(self.response)


class _AsyncStream:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.chunks = response.aiter_bytes()

    def wake(self) -> None:
        """See :class:`indelible.client.exchange.Stream`."""
        _cut(self.response)


def _cut(response: httpx.Response) -> None:
    # Closing a socket does not wake a thread that waits for it; shutting it down does.
    network = response.extensions.get("network_stream")
    connection = None if network is None else network.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):  # it is closed already
            connection.shutdown(socket.SHUT_RDWR)


def _request(
    client: httpx.Client | httpx.AsyncClient, request: Exchange, timeout: httpx.Timeout = _TIMEOUT
) -> httpx.Request:
    return client.build_request(
        request.method, request.path, content=request.content, headers=dict(request.headers), timeout=timeout
    )


def _headers(api_key: str | None) -> dict[str, str]:
    headers = {"User-Agent": "indelible"}
    if api_key is not None:
        if not api_key.isascii() or not api_key.isprintable():
            raise UsageError("the API key holds characters that no API key has; was something pasted with it?")
        headers["Authorization"] = f"Bearer {api_key}"
    return headers


def _collect(body: bytearray, chunk: bytes) -> None:
    body += chunk
    if len(body) > MAX_ANSWER_BYTES:
        raise PeerError(f"the server's answer is larger than {MAX_ANSWER_BYTES} bytes")


def _answer(response: httpx.Response, body: bytes | bytearray) -> Answer:
    return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body))


def _unreachable(url: httpx.URL, error: httpx.HTTPError) -> Unavailable:
    what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else f"cannot be reached ({error})"
    return Unavailable(f"{url} {what}")
