"""From an ``Authorization`` header to a principal: fast when seen before, alike in text and time when wrong.

A verified header is remembered under its SHA-256, never as itself, so the second request of a client costs a hash and
a look-up in memory. What is remembered ends at once when this process changes control data, and within
``RECHECK_SECONDS`` when another process does. When a key was last used is noted in memory and written down now and
then (:meth:`Authenticator.write_uses`): no request waits for that, and a crash may lose the last minute of it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

from indelible.access.grants import grant_of
from indelible.access.instants import format_instant, parse_instant
from indelible.access.principal import Principal
from indelible.access.rates import RateLimit
from indelible.access.token import Token
from indelible.control.api_keys import find_api_key, note_uses
from indelible.control.grants import granted_to
from indelible.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.access.oidc.tokens import Identity, TokenVerifier
    from indelible.control import ApiKeyRecord, ControlStore

__all__ = ["RECHECK_SECONDS", "REFUSAL", "TOKEN_SECONDS", "USES_SECONDS", "Authenticator"]

RECHECK_SECONDS = 0.5
"""How long, in seconds, a change by another process may go unnoticed."""

USES_SECONDS = 60.0
"""How often, in seconds, it is written down at most when keys were used."""

TOKEN_SECONDS = 300.0
"""For how long, in seconds, a verified token of an identity provider is believed before it is verified again."""

REFUSAL = (
    "this needs a valid API key or a token of a configured identity provider: send it as `Authorization: Bearer …`; "
    "an administrator makes a key with `indelible api-keys create`"
)
"""What everyone is told whose credentials are no good, whichever they are and whyever that is."""
_MAX_REMEMBERED = 10_000
_MAX_HEADER = 8_192
_NO_DIGEST = bytes(32)
_NOBODY = Token(id="0" * 12, secret="0" * 43)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    """A header that was good when control data was at ``generation``."""

    principal: Principal
    key_id: str | None  # of an API key
    generation: int
    expires: float  # seconds since the epoch


class Authenticator:
    """Checks bearer tokens against the control store. Safe to use from several threads."""

    def __init__(
        self, store: ControlStore, *, tokens: TokenVerifier | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """``tokens`` verifies what is no API key: tokens of identity providers."""
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._remembered: dict[bytes, _Remembered] = {}
        self._rechecked = clock()
        self._used: dict[str, float] = {}  # key id → seconds since the epoch; swapped as a whole when written down
        self._uses_written = clock()

    def recall(self, header: bytes | None) -> Principal | None:
        """The principal of a header that was verified before and still holds; ``None`` says nothing.

        Takes one or two microseconds and never blocks, so an event loop may call it.
        """
        if header is None or len(header) > _MAX_HEADER:
            return None
        now = self._clock()
        known = self._remembered.get(hashlib.sha256(header).digest())
        if known is None or known.generation != self.generation or now >= known.expires:
            return None
        if known.key_id is not None:
            self._used[known.key_id] = now
        return known.principal

    def authenticate(self, header: bytes | None) -> Principal:
        """The principal that the value of an ``Authorization`` header stands for. May read the control store: blocks.

        Raises:
            Unauthenticated: it is absent, malformed, unknown, wrong, revoked or expired; which of these is not told.
            Unavailable: it is a token of an identity provider whose keys are not known and cannot be fetched.
        """
        return self.recall(header) or self._verify_token(header) or self._verify(header)

    @property
    def generation(self) -> int:
        """A number that changes with control data: whoever remembers a principal remembers this, too. Never blocks."""
        now = self._clock()
        if not self._rechecked <= now < self._rechecked + RECHECK_SECONDS:  # also when the clock was set back
            self._rechecked = now
            self._store.notice_changes_elsewhere()
        return self._store.generation

    def principal_of_key(self, key_id: str) -> tuple[Principal, float]:
        """Whom an API key stands for now, and until when, in seconds since 1970. Blocks.

        Raises:
            Unauthenticated: there is no such key, or it is revoked or expired.
        """
        with self._store.snapshot() as connection:
            record = find_api_key(connection, key_id)
        if record is None or record.revoked_at is not None or _expiry(record) <= self._clock():
            raise Unauthenticated(REFUSAL)
        return self._principal(record), _expiry(record)

    def principal_of(self, identity: Identity) -> Principal:
        """Whom a verified token speaks for, with what it and the control store grant."""
        with self._store.snapshot() as connection:
            granted = granted_to(connection, identity.principal)
        grants = (*identity.grants, *(grant_of(grant) for grant in granted))
        return Principal(id=identity.principal, name=identity.name, grants=tuple(dict.fromkeys(grants)))

    @property
    def uses_due(self) -> bool:
        """Whether it is time for :meth:`write_uses`."""
        return bool(self._used) and not 0 <= self._clock() - self._uses_written < USES_SECONDS

    def write_uses(self) -> None:
        """Write down when keys were last used. Blocks; raises as :meth:`ControlStore.transaction` does."""
        self._uses_written = self._clock()
        used, self._used = self._used, {}
        if not used:
            return
        uses = {
            key: format_instant(datetime.fromtimestamp(at, UTC).replace(microsecond=0))
            for key, at in list(used.items())
        }
        with self._store.transaction(forgettable=True) as connection:
            note_uses(connection, uses)

    def _verify_token(self, header: bytes | None) -> Principal | None:
        token = _credentials(header)
        if self._tokens is None or token is None or token.count(".") != 2:
            return None
        generation = self._store.generation
        identity = self._tokens.verify(token)
        if identity is None:
            return None
        principal = self.principal_of(identity)
        # Verified again soon, so that a key that its provider withdraws is not believed until the token expires.
        expires = min(identity.expires, self._clock() + TOKEN_SECONDS)
        self._remember(header, _Remembered(principal=principal, key_id=None, generation=generation, expires=expires))
        return principal

    def _verify(self, header: bytes | None) -> Principal:
        now = self._clock()
        generation = self._store.generation  # before the look-up: a revocation during it makes this memory stale
        token = _token(header)
        with self._store.snapshot() as connection:
            record = find_api_key(connection, token.id)
        # An unknown id takes the same steps as a wrong secret: one look-up, one hash, one comparison.
        right = hmac.compare_digest(token.digest, _NO_DIGEST if record is None else record.secret_sha256)
        if header is None or record is None or not right or record.revoked_at is not None or _expiry(record) <= now:
            raise Unauthenticated(REFUSAL)
        principal = self._principal(record)
        self._remember(
            header,
            _Remembered(principal=principal, key_id=record.id, generation=generation, expires=_expiry(record)),
        )
        return principal

    def _principal(self, record: ApiKeyRecord) -> Principal:
        """Whom a key stands for that is used right now."""
        self._used[record.id] = self._clock()
        return Principal(
            id=record.principal_id,
            name=record.name,
            grants=tuple(grant_of(grant) for grant in record.grants),
            limit=RateLimit(requests_per_second=record.requests_per_second, events_per_second=record.events_per_second),
        )

    def _remember(self, header: bytes | None, what: _Remembered) -> None:
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()  # rare: the clients of the next second pay one look-up each
        self._remembered[hashlib.sha256(header or b"").digest()] = what


def _token(header: bytes | None) -> Token:
    """The token of a header; one that nobody has when there is none, so that both take the same way."""
    credentials = _credentials(header)
    return _NOBODY if credentials is None else Token.parse(credentials) or _NOBODY


def _credentials(header: bytes | None) -> str | None:
    """What stands after ``Bearer``."""
    if header is None or len(header) > _MAX_HEADER:
        return None
    scheme, _, credentials = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":  # RFC 9110 section 11.1: the scheme is case-insensitive
        return None
    return credentials.strip(" ")


def _expiry(record: ApiKeyRecord) -> float:
    return inf if record.expires_at is None else parse_instant(record.expires_at).timestamp()
