"""Fetching a provider's documents: small, over TLS, without following anything anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from indelible.access.oidc.provider import check_address
from indelible.errors import ConfigurationError, PeerError, Unavailable

if TYPE_CHECKING:
    from indelible.access.oidc.provider import IdentityProvider

__all__ = ["Metadata", "fetch_json", "fetch_metadata"]

_MAX_BYTES = 1 << 20
_TIMEOUT = httpx.Timeout(5.0)


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """As much of OpenID Provider Metadata (Discovery 1.0, section 3) as is needed here."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    code_challenge_methods_supported: list[str] = []


def fetch_metadata(provider: IdentityProvider) -> Metadata:
    """The provider's metadata. Blocks.

    Raises:
        Unavailable: it cannot be reached.
        PeerError: what it answers is not what it must, or is about another issuer.
    """
    address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        metadata = msgspec.convert(fetch_json(address), Metadata)
    except msgspec.ValidationError as error:
        raise PeerError(f"{address}: {error}") from error
    if metadata.issuer != provider.issuer:  # Discovery 1.0, section 4.3
        raise PeerError(f"{address} is about the issuer {metadata.issuer!r}, not {provider.issuer!r}")
    for url in (metadata.jwks_uri, metadata.authorization_endpoint, metadata.token_endpoint):
        try:
            if url:
                check_address(url.partition("?")[0], address)
        except ConfigurationError as error:
            raise PeerError(str(error)) from error
    return metadata


def fetch_json(url: str, *, form: dict[str, str] | None = None, auth: tuple[str, str] | None = None) -> Any:  # noqa: ANN401
    """A JSON document, got, or posted for with a form. Blocks.

    Raises:
        Unavailable: the server cannot be reached, or says that it cannot answer now.
        PeerError: it answers something else, too much, or not JSON.
    """
    method = "GET" if form is None else "POST"
    body = bytearray()
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as client,
            client.stream(method, url, data=form, auth=auth, headers={"Accept": "application/json"}) as response,
        ):
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise PeerError(f"{url} answers with more than {_MAX_BYTES} bytes")
    except httpx.HTTPError as error:
        raise Unavailable(f"the identity provider at {url} cannot be reached ({type(error).__name__})") from error
    if response.status_code >= 500 or response.status_code == 429:
        raise Unavailable(f"the identity provider at {url} answers with {response.status_code}")
    if response.status_code != 200:
        raise PeerError(f"{url} answers with {response.status_code}")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise PeerError(f"{url} answers with something that is not JSON") from error
