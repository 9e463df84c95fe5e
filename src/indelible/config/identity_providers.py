"""``[identity_providers.NAME]``: whose tokens let in, and which claims give which roles.

::

    [identity_providers.github]
    issuer = "https://token.actions.githubusercontent.com"
    audience = "https://audit.example.com"

    [[identity_providers.github.rules]]
    claims = { repository = "acme/app", ref = "refs/heads/main" }
    grants = ["writer:ci"]
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from indelible.config.settings import DEFAULT_ALGORITHMS, IdentityProviderSettings
from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_provider"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_TEXTS = ("issuer", "audience", "client_id", "client_secret_file", "redirect_uri")
_KEYS = (*_TEXTS, "algorithms", "leeway", "rules")
_MAX_LEEWAY = 300


def read_provider(name: str, table: dict[str, Any], where: str) -> IdentityProviderSettings:
    """One table.

    Raises:
        ConfigurationError: a key is unknown or missing, or a value of the wrong kind; ``where`` is its place.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{where}: call it 1 to 32 of a-z 0-9 -, such as github")
    _check_keys(table, _KEYS, where)
    texts = {key: _text(table, key, where) for key in _TEXTS if key in table}
    for key in ("issuer", "audience"):
        if not texts.get(key):
            raise ConfigurationError(f"{where}: {key} is missing")
    if bool(texts.get("client_id")) != bool(texts.get("redirect_uri")):
        raise ConfigurationError(f"{where}: client_id and redirect_uri belong together; give both or neither")
    leeway = table.get("leeway", 60)
    if isinstance(leeway, bool) or not isinstance(leeway, int | float) or not 0 <= leeway <= _MAX_LEEWAY:
        raise ConfigurationError(f"{where}: leeway must be seconds between 0 and {_MAX_LEEWAY}")
    rules = table.get("rules", [])
    if not isinstance(rules, list):
        raise ConfigurationError(f"{where}: rules must be a list of tables: [[identity_providers.{name}.rules]]")
    return IdentityProviderSettings(
        name=name,
        issuer=texts["issuer"],
        audience=texts["audience"],
        rules=tuple(_rule(rule, f"{where} rules[{number}]") for number, rule in enumerate(rules)),
        algorithms=_texts(table, "algorithms", where) if "algorithms" in table else DEFAULT_ALGORITHMS,
        leeway=float(leeway),
        client_id=texts.get("client_id", ""),
        client_secret_file=texts.get("client_secret_file", ""),
        redirect_uri=texts.get("redirect_uri", ""),
    )


def _rule(rule: object, where: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    if not isinstance(rule, dict):
        raise ConfigurationError(f"{where} must be a table of claims and grants")
    _check_keys(rule, ("claims", "grants"), where)
    claims = rule.get("claims")
    if not isinstance(claims, dict) or not claims or not all(isinstance(text, str) for text in claims.values()):
        raise ConfigurationError(f"{where}: claims must be a table of at least one claim and its text")
    return MappingProxyType(dict(claims)), _texts(rule, "grants", where)


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigurationError(f"{where}: unknown key {key!r}; known here: {', '.join(known)}")


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: {key} must be a text")
    return value


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{where}: {key} must be a list of texts")
    return tuple(value)
