"""HTTP messages as values, and the two drivers that exchange them.

The plans of :mod:`indelible.client.plans` yield :class:`Exchange` and :class:`Pause`; what performs them is a
:class:`SyncTransport` or an :class:`AsyncTransport`. Failures of the network become
:class:`~indelible.errors.Unavailable` here; what a status means is decided in the plan. Redirects are not followed:
credentials go to one address only.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from indelible.errors import PeerError, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Answer", "AsyncTransport", "Call", "Effect", "Exchange", "Pause", "SyncTransport", "check_url"]

MAX_ANSWER_BYTES = 64 << 20
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request. ``path`` begins with a slash and is appended to the server's address."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Do something that blocks, and give its outcome."""

    function: Callable[[], Any]


Effect = Exchange | Pause | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_url(url: str) -> str:
    """A server's address without a trailing slash.

    Raises:
        UsageError: not ``http://`` or ``https://``, or it holds credentials, a query or a fragment.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url!r} is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError(f"{url!r} is not a server's address; write https://HOST or http://HOST:PORT")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise UsageError(
            "a server's address holds no credentials, query or fragment; give the key as INDELIBLE_API_KEY"
        )
    return url.rstrip("/")


class SyncTransport:
    """Performs effects one after another, over kept connections."""

    def __init__(self, url: str, *, api_key: str | None, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=check_url(url), headers=_headers(api_key), timeout=_TIMEOUT, transport=transport
        )

    def __call__(self, effect: Effect) -> object:
        """Perform one effect.

        Raises:
            Unavailable: the server could not be reached, or did not answer in time.
            PeerError: the answer is larger than any answer may be.
        """
        if isinstance(effect, Exchange):
            return self.exchange(effect)
        if isinstance(effect, Call):
            return effect.function()
        time.sleep(effect.seconds)
        return None

    def exchange(self, request: Exchange) -> Answer:
        """Send one request; raises as :meth:`__call__`."""
        try:
            with self._client.stream(
                request.method, request.path, content=request.content, headers=dict(request.headers)
            ) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    _collect(body, chunk)
                return _answer(response, body)
        except httpx.HTTPError as error:
            raise _unreachable(self._client.base_url, error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncTransport:
    """Performs effects on an event loop, over kept connections."""

    def __init__(self, url: str, *, api_key: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=check_url(url), headers=_headers(api_key), timeout=_TIMEOUT, transport=transport
        )

    async def __call__(self, effect: Effect) -> object:
        """As :meth:`SyncTransport.__call__`."""
        if isinstance(effect, Pause):
            await asyncio.sleep(effect.seconds)
            return None
        if isinstance(effect, Call):
            return await asyncio.to_thread(effect.function)
        try:
            async with self._client.stream(
                effect.method, effect.path, content=effect.content, headers=dict(effect.headers)
            ) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    _collect(body, chunk)
                return _answer(response, body)
        except httpx.HTTPError as error:
            raise _unreachable(self._client.base_url, error) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


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


def _answer(response: httpx.Response, body: bytearray) -> Answer:
    return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body))


def _unreachable(url: httpx.URL, error: httpx.HTTPError) -> Unavailable:
    what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else f"cannot be reached ({error})"
    return Unavailable(f"{url} {what}")
