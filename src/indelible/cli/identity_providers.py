"""The identity providers of a configuration, with the secrets that lie in files of their own."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from indelible.access.oidc.provider import IdentityProvider
from indelible.access.oidc.tokens import TokenVerifier
from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.config import Configuration, IdentityProviderSettings

__all__ = ["token_verifier"]

_MAX_SECRET = 4_096


def token_verifier(configuration: Configuration, base: Path) -> TokenVerifier:
    """What verifies the tokens of the configured providers; relative paths start at ``base``.

    Raises:
        ConfigurationError: a provider cannot be one, two have one issuer, or a secret cannot be used.
    """
    providers = [
        IdentityProvider.of(settings, client_secret=_secret(settings, base))
        for settings in configuration.identity_providers.values()
    ]
    issuers = [provider.issuer for provider in providers]
    if len(set(issuers)) < len(issuers):
        raise ConfigurationError("[identity_providers]: two of them have one issuer; which would its tokens be of?")
    return TokenVerifier(providers)


def _secret(settings: IdentityProviderSettings, base: Path) -> str:
    if not settings.client_secret_file:
        return ""
    path = base / settings.client_secret_file
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()[: _MAX_SECRET + 1].strip()
    except OSError as error:
        raise ConfigurationError(f"[identity_providers.{settings.name}] client_secret_file: {error}") from error
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ConfigurationError(f"{path} can be read or changed by others than its owner; run: chmod 600 {path}")
    if not secret or len(secret) > _MAX_SECRET or not secret.isascii():
        raise ConfigurationError(f"{path} does not hold a client's secret")
    return secret.decode()
