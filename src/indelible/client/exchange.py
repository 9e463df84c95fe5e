"""HTTP messages as values: what the plans of the client yield, and what they get back.

:mod:`indelible.client.transport` performs them. What a status means is decided in the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from indelible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Answer", "Call", "Close", "Effect", "Exchange", "Open", "Opened", "Pause", "Read", "Stream", "check_url"]


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


@dataclass(frozen=True, slots=True)
class Open:
    """Send one request, and leave the body of a 200 unread; the outcome is :class:`Opened`."""

    request: Exchange


@dataclass(frozen=True, slots=True)
class Read:
    """Give the next bytes of a body, whenever there are some; none at its end."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Close:
    """Release a body, read to its end or not."""

    stream: Stream


Effect = Exchange | Pause | Call | Open | Read | Close


class Stream(Protocol):
    """A body that is read as it arrives."""

    def wake(self) -> None:
        """Cut the connection, so that a thread that waits for bytes stops waiting. May be called from any thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of :class:`Open`: a body to read for a status of 200, else the whole answer that refuses."""

    answer: Answer
    stream: Stream | None


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
