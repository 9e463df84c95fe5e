"""One identity provider as it is configured: whose tokens are believed, and which claims give which roles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from indelible.access.grants import check_grant
from indelible.access.roles import Grant
from indelible.errors import ConfigurationError, QueryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.config import IdentityProviderSettings

__all__ = ["ALGORITHMS", "ClaimRule", "IdentityProvider", "check_address"]

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""What a provider may sign with: asymmetric all of them, so that no public key can be taken for a shared secret."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """Roles for whoever's token has these claims: each one, as text in which ``*`` stands for anything."""

    claims: tuple[tuple[str, re.Pattern[str]], ...]
    grants: tuple[Grant, ...]

    def matches(self, claims: Mapping[str, Any]) -> bool:
        """Whether every claim is there and fits; of a list one element has to."""
        return all(any(pattern.fullmatch(text) for text in _texts(claims.get(name))) for name, pattern in self.claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """A provider.

    Attributes:
        name: What it is called here: principals are ``oidc:<name>:<subject>``.
        issuer: Its ``iss``, to the character.
        audience: The ``aud`` that a token must be meant for.
        algorithms: What its tokens may be signed with.
        leeway: Seconds by which its clock may differ from ours.
        rules: Which claims give which roles.
        client_id: Our name there, for people who sign in to the console; empty when nobody does that way.
        client_secret: What proves it, if the provider wants that; never shown.
        redirect_uri: Where it sends people back to.
    """

    name: str
    issuer: str
    audience: str
    algorithms: frozenset[str]
    leeway: float
    rules: tuple[ClaimRule, ...]
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""

    @classmethod
    def of(cls, settings: IdentityProviderSettings, *, client_secret: str = "") -> IdentityProvider:
        """The provider that the configuration describes.

        Raises:
            ConfigurationError: it cannot be one; names the setting.
        """
        where = f"[identity_providers.{settings.name}]"
        check_address(settings.issuer, f"{where} issuer")
        unknown = set(settings.algorithms) - ALGORITHMS
        if unknown or not settings.algorithms:
            wrong, possible = ", ".join(sorted(unknown)) or "none", ", ".join(sorted(ALGORITHMS))
            detail = f"{where} algorithms: {wrong}; possible are {possible}"
            raise ConfigurationError(detail)
        return cls(
            name=settings.name,
            issuer=settings.issuer,
            audience=settings.audience,
            algorithms=frozenset(settings.algorithms),
            leeway=settings.leeway,
            rules=tuple(_rule(claims, grants, where) for claims, grants in settings.rules),
            client_id=settings.client_id,
            client_secret=client_secret,
            redirect_uri=settings.redirect_uri,
        )

    def grants_for(self, claims: Mapping[str, Any]) -> tuple[Grant, ...]:
        """What the rules give to a token with these claims."""
        return tuple(dict.fromkeys(grant for rule in self.rules if rule.matches(claims) for grant in rule.grants))


def check_address(url: str, what: str) -> None:
    """Check that a provider is spoken to over TLS, or on this machine.

    Raises:
        ConfigurationError: it is not; ``what`` names the address.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        detail = f"{what}: {url!r} is not an address that begins with https:// and has neither user, query nor fragment"
        raise ConfigurationError(detail)


def _rule(claims: Mapping[str, str], grants: tuple[str, ...], where: str) -> ClaimRule:
    if not claims:
        detail = (
            f"{where} rules: a rule without claims would let in everyone whom the provider knows; name at least one"
        )
        raise ConfigurationError(detail)
    try:
        granted = tuple(Grant.parse(text) for text in grants)
        for grant in granted:
            check_grant(grant)
    except (UsageError, QueryError) as error:
        raise ConfigurationError(f"{where} rules: {error}") from error
    return ClaimRule(claims=tuple((name, _pattern(text)) for name, text in claims.items()), grants=granted)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """The texts that a claim can be compared as."""
    values = value if isinstance(value, list) else [value]
    return [_text(each) for each in values if isinstance(each, str | int)]


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
