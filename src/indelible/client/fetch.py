"""The files of a log over HTTP: C2SP tlog-tiles as any server, or a plain file server, gives them.

Implements :class:`indelible.verify.fetch.Fetcher`. It survives pickling, so that worker processes may use it: each
opens its own connections. Follows no redirects, since the credentials are for one address; reads no more than the
largest thing in a log, after decompression (tlog-tiles, "Log entries"); waits and asks again where the server says so.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import httpx

from indelible.client.exchange import check_url
from indelible.errors import Forbidden, NotFound, TooLarge, Unauthenticated, Unavailable
from indelible.verify.fetch import MAX_OBJECT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HttpFetcher"]

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_ATTEMPTS = 4
_LONGEST_PAUSE = 10.0
_SECONDS = re.compile(r"[0-9]{1,4}")
_BUSY = frozenset({429, 502, 503, 504})


class HttpFetcher:
    """Gets the files under ``url``, the log's prefix: ``https://audit.example.com/logs/main``.

    ``transport`` and ``sleep`` are for tests, and do not survive pickling.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = check_url(url)
        self._api_key = api_key
        self._sleep = sleep
        self._transport = transport
        self._client: httpx.Client | None = None

    def __reduce__(self) -> tuple[object, ...]:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        return _again, (self.url, self._api_key)

    def get(self, path: str) -> bytes:
        """The bytes under a path; see :class:`~indelible.verify.fetch.Fetcher`.

        Raises:
            NotFound: the server says that there is none.
            TooLarge: it is larger than anything in a log.
            Unauthenticated: the server wants credentials, or others.
            Forbidden: these credentials do not give the right to read the log's files.
            Unavailable: the server cannot be reached, or is busy for too long.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._ask(path)
            except Unavailable as error:
                if attempt == _ATTEMPTS - 1:
                    raise
                self._sleep(min(error.retry_after * 2**attempt, _LONGEST_PAUSE))
        raise Unavailable(f"{self.url}/{path} could not be had")

    def close(self) -> None:
        """Close the connections; a later ``get`` opens them again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ask(self, path: str) -> bytes:
        try:
            with self._connection().stream("GET", f"{self.url}/{path}") as response:
                self._check_status(response, path)
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_OBJECT_BYTES:
                        raise TooLarge(f"{path} is larger than anything in a log", limit=MAX_OBJECT_BYTES)
                return bytes(body)
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self.url} did not answer in time") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.url} cannot be reached ({error})") from error

    def _connection(self) -> httpx.Client:
        if self._client is None:
            headers = {"User-Agent": "indelible", "Accept-Encoding": "gzip, identity"}  # as tlog-tiles recommends
            if self._api_key is not None:
                headers["Authorization"] = f"Bearer {self._api_key}"
            self._client = httpx.Client(headers=headers, timeout=_TIMEOUT, transport=self._transport)
        return self._client

    def _check_status(self, response: httpx.Response, path: str) -> None:
        status = response.status_code
        if status == 200:
            return
        if status in (404, 410):
            raise NotFound(f"{self.url}/{path} does not exist")
        if status == 401:
            raise Unauthenticated(f"{self.url} wants an API key, or another one")
        if status == 403:
            raise Forbidden(f"this API key does not give the right to read the files of {self.url}")
        after = response.headers.get("Retry-After", "")
        pause = float(after) if _SECONDS.fullmatch(after) else 1.0
        if status in _BUSY:
            raise Unavailable(f"{self.url} is busy (status {status})", retry_after=pause)
        raise Unavailable(f"{self.url}/{path} was answered with status {status}", retry_after=pause)


def _again(url: str, api_key: str | None) -> HttpFetcher:
    return HttpFetcher(url, api_key=api_key)
