"""Attempts to sign in that have been sent to a provider and have not come back yet.

Each is taken once, within ten minutes, and by the browser that began it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from litestar.datastructures import Cookie

from indelible.access.oidc.code_flow import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ATTEMPT_COOKIE", "SignIns", "attempt_cookie"]

ATTEMPT_COOKIE = "__Host-indelible-sign-in"
_SECONDS = 600.0
_MAX_ATTEMPTS = 1_000


class SignIns:
    """Attempts under way. Used on one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: OrderedDict[str, tuple[Attempt, bytes, float]] = OrderedDict()

    def begin(self, provider: str) -> tuple[Attempt, str]:
        """A new attempt, and what the browser keeps of it in a cookie."""
        attempt, cookie = Attempt(provider=provider), secrets.token_urlsafe(32)
        self._attempts[attempt.state] = (attempt, hashlib.sha256(cookie.encode()).digest(), self._clock())
        if len(self._attempts) > _MAX_ATTEMPTS:
            self._attempts.popitem(last=False)
        return attempt, cookie

    def take(self, provider: str, state: str, cookie: str | None) -> Attempt | None:
        """The attempt of this state, if it is this provider's, this browser's, and not old; it is gone after that."""
        attempt, kept, begun = self._attempts.pop(state, (None, b"", 0.0))
        own = cookie is not None and hmac.compare_digest(hashlib.sha256(cookie.encode()).digest(), kept)
        if attempt is None or not own or attempt.provider != provider or self._clock() - begun > _SECONDS:
            return None
        return attempt


def attempt_cookie(value: str | None) -> Cookie:
    """The cookie of an attempt, or its end. Lax: it must come along when the provider sends the browser back."""
    age = int(_SECONDS) if value else 0
    return Cookie(ATTEMPT_COOKIE, value=value or "", path="/", secure=True, httponly=True, samesite="lax", max_age=age)
