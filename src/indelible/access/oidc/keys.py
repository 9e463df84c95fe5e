"""A provider's public keys: fetched when needed, kept, and fetched again when it signs with one that is new.

A stranger can make up key ids, so an unknown one causes at most one fetch in ``FLOOR_SECONDS``. When the provider
cannot be reached, the keys that are known go on for a day.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import jwt

from indelible.access.oidc.documents import fetch_json, fetch_metadata
from indelible.errors import PeerError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.access.oidc.documents import Metadata
    from indelible.access.oidc.provider import IdentityProvider

__all__ = ["FLOOR_SECONDS", "FRESH_SECONDS", "STALE_SECONDS", "ProviderKeys"]

FLOOR_SECONDS = 30.0
"""Between two fetches that lie at least so many seconds, whatever is asked for."""
FRESH_SECONDS = 3_600.0
"""Older than that, keys are fetched again before they are used, if that is possible."""
STALE_SECONDS = 86_400.0
"""Older than that, keys are not used any more: the provider may have withdrawn them."""

_MAX_KEYS = 100
_MIN_RSA_BITS = 2_048
_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}

_log = logging.getLogger("indelible.access")


class ProviderKeys:
    """The keys of one provider. Safe to use from several threads."""

    def __init__(self, provider: IdentityProvider, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()  # one fetch at a time
        self._keys: list[dict[str, Any]] = []
        self._metadata: Metadata | None = None
        self._fetched: float | None = None  # when the keys were got
        self._tried: float | None = None  # when they were last asked for

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key that a token names, if the provider has one that is for this algorithm. May fetch, and block.

        Raises:
            Unavailable: the provider cannot be reached, and its keys are not known, or too old.
        """
        found = None if self._age() > FRESH_SECONDS else self._known(key_id, algorithm)
        if found is not None:
            return found
        self._refresh()
        return self._known(key_id, algorithm)

    def metadata(self) -> Metadata:
        """The provider's metadata, no older than its keys. May fetch, and block. Raises as :meth:`find` does."""
        if self._metadata is None or self._age() > FRESH_SECONDS:
            self._refresh()
        if self._metadata is None:
            raise self._unreachable()
        return self._metadata

    def _refresh(self) -> None:
        """Fetch, unless that was tried a moment ago. Whoever finds another thread at it waits only without any keys."""
        if not self._lock.acquire(blocking=not self._keys):
            return
        try:
            if self._tried is None or self._clock() - self._tried >= FLOOR_SECONDS:
                self._fetch()
        finally:
            self._lock.release()
        if self._age() > STALE_SECONDS:
            raise self._unreachable()

    def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            metadata = fetch_metadata(self._provider)
            keys = _keys_of(fetch_json(metadata.jwks_uri), metadata.jwks_uri)
        except (Unavailable, PeerError) as error:
            _log.warning("identity_provider_keys", extra={"provider": self._provider.name, "reason": str(error)})
            return
        self._keys = keys
        self._metadata = metadata
        self._fetched = self._clock()

    def _known(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        candidates = [key for key in self._keys if _is_for(key, algorithm) and key_id in (None, key.get("kid"))]
        if len(candidates) != 1:  # without an id, only an only key will do
            return None
        try:
            key = jwt.PyJWK(candidates[0], algorithm)
        except jwt.PyJWTError:
            return None
        bits = getattr(key.key, "key_size", _MIN_RSA_BITS)
        return key if candidates[0]["kty"] != "RSA" or bits >= _MIN_RSA_BITS else None

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._clock() - self._fetched

    def _unreachable(self) -> Unavailable:
        detail = f"the identity provider {self._provider.name!r} cannot be reached, and its keys are not known"
        return Unavailable(detail, retry_after=FLOOR_SECONDS)


def _keys_of(document: object, url: str) -> list[dict[str, Any]]:
    """The keys of a JWK Set (RFC 7517, section 5)."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
        raise PeerError(f"{url} holds no list of at most {_MAX_KEYS} keys")
    return [key for key in keys if isinstance(key, dict)]


def _is_for(key: dict[str, Any], algorithm: str) -> bool:
    """Whether the key's own words allow this: its type, and its use and algorithm where it names them."""
    return (
        key.get("kty") == _TYPES.get(algorithm[:2])
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and "verify" in key.get("key_ops", ["verify"])
    )
