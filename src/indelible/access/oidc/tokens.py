"""From a JWT to who it speaks for: each check of RFC 8725 in its place, and one refusal for whatever is wrong.

Believed are tokens that a configured issuer signed with one of its own keys, under an algorithm that is allowed for it,
for this audience, now. What kind of thing was wrong is told in the server's own log, and only there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from indelible.access.oidc.keys import ProviderKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indelible.access.oidc.provider import IdentityProvider
    from indelible.access.roles import Grant

__all__ = ["Identity", "TokenVerifier", "looks_like_jwt"]

_MAX_SUBJECT = 200
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_TYPES = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})

_log = logging.getLogger("indelible.access")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a token speaks for.

    Attributes:
        principal: ``oidc:<provider>:<subject>``, as records name it.
        name: For people.
        grants: What the provider's rules give.
        expires: Until when, in seconds since 1970.
        claims: All that the token says.
    """

    principal: str
    name: str
    grants: tuple[Grant, ...]
    expires: float
    claims: Mapping[str, Any]


def looks_like_jwt(text: str) -> bool:
    """Whether this can be a signed JWT at all: three parts (RFC 7515, section 3.1)."""
    return text.count(".") == 2


class TokenVerifier:
    """Verifies tokens of the configured providers. Safe to use from several threads."""

    def __init__(self, providers: Iterable[IdentityProvider]) -> None:
        self._providers = {provider.issuer: (provider, ProviderKeys(provider)) for provider in providers}

    @property
    def providers(self) -> tuple[IdentityProvider, ...]:
        """Every provider."""
        return tuple(provider for provider, _ in self._providers.values())

    def find(self, name: str) -> tuple[IdentityProvider, ProviderKeys] | None:
        """The provider of this name, and its keys."""
        return next((each for each in self._providers.values() if each[0].name == name), None)

    def verify(self, token: str) -> Identity | None:
        """Whom the token speaks for; ``None`` when it is not believed, whatever the reason. May fetch keys, and block.

        Raises:
            Unavailable: its issuer's keys are not known, and cannot be fetched.
        """
        try:
            # Nothing of this is believed yet: it only says whose key to check with.
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError:
            return None
        known = self._providers.get(issuer) if isinstance(issuer, str) else None
        if known is None:
            return None
        provider, keys = known
        return verify_token(token, provider, keys, audience=provider.audience)


def verify_token(token: str, provider: IdentityProvider, keys: ProviderKeys, *, audience: str) -> Identity | None:
    """Whom a token of this provider, meant for this audience, speaks for; as :meth:`TokenVerifier.verify`."""
    try:
        claims = _claims(token, provider, keys, audience)
    except jwt.PyJWTError as error:
        _log.info("token_refused", extra={"provider": provider.name, "reason": type(error).__name__})
        return None
    subject = claims["sub"]
    if not subject.strip() or len(subject) > _MAX_SUBJECT or not subject.isprintable():
        _log.info("token_refused", extra={"provider": provider.name, "reason": "subject"})
        return None
    shown = [claims.get(name) for name in ("email", "preferred_username", "name")]
    return Identity(
        principal=f"oidc:{provider.name}:{subject}",
        name=next((each for each in shown if isinstance(each, str) and each and each.isprintable()), subject)[:256],
        grants=provider.grants_for(claims),
        expires=float(claims["exp"]) + provider.leeway,
        claims=claims,
    )


def _claims(token: str, provider: IdentityProvider, keys: ProviderKeys, audience: str) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    algorithm, kind, key_id = header.get("alg"), header.get("typ"), header.get("kid")
    if algorithm not in provider.algorithms:  # RFC 8725, section 3.1; there is neither "none" nor HS256 among them
        raise jwt.InvalidAlgorithmError
    if "crit" in header or (kind is not None and str(kind).lower() not in _TYPES):  # RFC 7515 4.1.11, RFC 8725 3.11
        raise jwt.InvalidTokenError
    if key_id is not None and not isinstance(key_id, str):
        raise jwt.InvalidTokenError
    key = keys.find(key_id, algorithm)
    if key is None:
        raise jwt.InvalidKeyError
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=audience,
        issuer=provider.issuer,
        leeway=provider.leeway,
        options={"require": _REQUIRED},
    )
    return claims
