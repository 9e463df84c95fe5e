"""Sessions of people who signed in to the console: a random name in a cookie, everything else on this side.

A session holds no right of its own: with each request it is asked what its API key, or its subject, may do now. So a
revoked key ends its sessions, and a grant that is taken back is gone. They are in memory, and end with the server.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from litestar.datastructures import Cookie

from indelible.access.authenticator import REFUSAL
from indelible.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.access import Authenticator, Principal
    from indelible.access.oidc.tokens import Identity

__all__ = ["COOKIE", "OpenSession", "Sessions", "session_cookie", "session_of"]

COOKIE = "__Host-indelible"
"""The prefix has the browser demand ``Secure``, ``Path=/`` and no domain: no other host can set or see it."""

_MAX_SESSIONS = 10_000
_MAX_OF_ONE = 20


@dataclass(slots=True)
class _Session:
    subject: str | Identity  # an API key's id, or whom a provider vouched for
    principal: Principal
    generation: int
    ends: float  # seconds since the epoch, however busy it is
    seen: float


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session: whose, and until when, in seconds since 1970."""

    principal: Principal
    ends: float


class Sessions:
    """The sessions of one server. Safe to use from several threads."""

    def __init__(
        self, authenticator: Authenticator, *, idle: float, lifetime: float, clock: Callable[[], float] = time.time
    ) -> None:
        """A session ends after ``idle`` seconds without a request, and after ``lifetime`` seconds at the latest."""
        self._authenticator = authenticator
        self._idle = idle
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()  # owns the sessions; asking the store happens outside of it
        self._sessions: dict[bytes, _Session] = {}

    def open(self, subject: str | Identity) -> tuple[str, OpenSession]:
        """Begin a session for an API key, by its id, or for an identity; gives the cookie's value. Blocks.

        Raises:
            Unauthenticated: the key does not hold.
        """
        now = self._clock()
        generation = self._authenticator.generation
        principal, expires = self._ask(subject)
        token = secrets.token_urlsafe(32)
        session = _Session(subject, principal, generation, min(now + self._lifetime, expires), now)
        with self._lock:
            self._make_room(principal.id, now)
            self._sessions[_name(token)] = session
        return token, OpenSession(principal, session.ends)

    def recall(self, token: str) -> Principal | None:
        """Whose session this is, if nothing has changed since then; ``None`` says nothing. Never blocks."""
        session = self._sessions.get(_name(token))
        now = self._clock()
        if session is None or not self._lives(session, now) or session.generation != self._authenticator.generation:
            return None
        session.seen = now
        return session.principal

    def authenticate(self, token: str) -> OpenSession:
        """Whose session this is, asking again what they may do. Blocks.

        Raises:
            Unauthenticated: there is no such session, it has ended, or its key no longer holds.
        """
        session = self._sessions.get(_name(token))
        now = self._clock()
        if session is None or not self._lives(session, now):
            self.close(token)
            raise Unauthenticated(REFUSAL)
        generation = self._authenticator.generation
        try:
            session.principal, expires = self._ask(session.subject)
        except Unauthenticated:
            self.close(token)
            raise
        session.generation, session.seen, session.ends = generation, now, min(session.ends, expires)
        return OpenSession(session.principal, session.ends)

    def close(self, token: str) -> None:
        """End a session; one that there is not has ended already."""
        with self._lock:
            self._sessions.pop(_name(token), None)

    def _ask(self, subject: str | Identity) -> tuple[Principal, float]:
        if isinstance(subject, str):
            return self._authenticator.principal_of_key(subject)
        return self._authenticator.principal_of(subject), inf

    def _lives(self, session: _Session, now: float) -> bool:
        return now < session.ends and 0 <= now - session.seen + 1 <= self._idle + 1

    def _make_room(self, principal: str, now: float) -> None:
        """Forget sessions that have ended, and the longest unused where there are too many."""
        self._sessions = {name: each for name, each in self._sessions.items() if self._lives(each, now)}
        own = sorted(
            (name for name, each in self._sessions.items() if each.principal.id == principal),
            key=lambda name: self._sessions[name].seen,
        )
        for name in own[: max(0, len(own) - _MAX_OF_ONE + 1)]:
            del self._sessions[name]
        if len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[min(self._sessions, key=lambda name: self._sessions[name].seen)]


def session_cookie(token: str | None) -> Cookie:
    """The cookie that begins a session, or ends it."""
    ends = None if token else 0
    return Cookie(COOKIE, value=token or "", path="/", secure=True, httponly=True, samesite="strict", max_age=ends)


def session_of(cookies: bytes | None, name: str = COOKIE) -> str | None:
    """The value of our cookie in a ``Cookie`` header; ``None`` also when it stands there twice."""
    if cookies is None:
        return None
    pairs = (pair.strip().partition("=") for pair in cookies.decode("latin-1").split(";"))
    values = [value for key, _, value in pairs if key == name]
    return values[0] if len(values) == 1 and values[0] else None


def _name(token: str) -> bytes:
    """What a session is kept under: never the cookie's own value."""
    return hashlib.sha256(token.encode()).digest()
