"""Signing a person in: the authorization code flow of OpenID Connect Core 1.0, section 3.1, with PKCE (RFC 7636).

State, nonce and verifier are made here for each attempt, and used once. The answer is believed only when it comes from
the issuer that was asked (RFC 9207), and the ID token only when it is for this client and this attempt.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from indelible.access.oidc.documents import fetch_json
from indelible.access.oidc.tokens import verify_token
from indelible.errors import PeerError, Unauthenticated

if TYPE_CHECKING:
    from indelible.access.oidc.keys import ProviderKeys
    from indelible.access.oidc.provider import IdentityProvider
    from indelible.access.oidc.tokens import Identity

__all__ = ["Attempt", "authorization_url", "finish"]

_SCOPE = "openid profile email"
_REFUSAL = "the identity provider did not sign you in; try again"


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of somebody to sign in. None of its values is ever shown to anybody but the provider and them."""

    provider: str
    state: str = field(default_factory=_random, repr=False)
    nonce: str = field(default_factory=_random, repr=False)
    verifier: str = field(default_factory=_random, repr=False)

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, section 4.2: S256)."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


def authorization_url(provider: IdentityProvider, keys: ProviderKeys, attempt: Attempt) -> str:
    """Where to send the person. May fetch the provider's metadata, and block.

    Raises:
        Unavailable: the provider cannot be reached.
        PeerError: it has no place to sign in at.
    """
    endpoint = keys.metadata().authorization_endpoint
    if not endpoint:
        raise PeerError(f"the identity provider {provider.name!r} has no authorization endpoint")
    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": provider.redirect_uri,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def finish(
    provider: IdentityProvider, keys: ProviderKeys, attempt: Attempt, *, code: str, issuer: str | None
) -> Identity:
    """Who it is that the provider has sent back with this code. Blocks.

    Raises:
        Unauthenticated: the code is not good, or the token that it gives is not for us and this attempt.
        Unavailable: the provider cannot be reached.
    """
    if issuer is not None and issuer != provider.issuer:  # RFC 9207, section 2.4
        raise Unauthenticated(_REFUSAL)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_uri,
        "client_id": provider.client_id,
        "code_verifier": attempt.verifier,
    }
    auth = (provider.client_id, provider.client_secret) if provider.client_secret else None
    try:
        answer = fetch_json(keys.metadata().token_endpoint, form=form, auth=auth)
    except PeerError as error:
        raise Unauthenticated(_REFUSAL) from error
    token = answer.get("id_token") if isinstance(answer, dict) else None
    identity = verify_token(token, provider, keys, audience=provider.client_id) if isinstance(token, str) else None
    if identity is None:
        raise Unauthenticated(_REFUSAL)
    nonce, party = identity.claims.get("nonce"), identity.claims.get("azp", provider.client_id)
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
        raise Unauthenticated(_REFUSAL)
    if party != provider.client_id:  # Core 1.0, section 3.1.3.7, number 5
        raise Unauthenticated(_REFUSAL)
    return identity
