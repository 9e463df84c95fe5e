"""Who is asking, and may they? API keys, principals, roles a log."""

from __future__ import annotations

from indelible.access.api_key_info import ApiKeyInfo, NewApiKey
from indelible.access.api_keys import ApiKeys, StoredApiKeys
from indelible.access.authenticator import Authenticator
from indelible.access.client_certificates import ClientCertificates
from indelible.access.grants import GrantInfo, Grants, StoredGrants
from indelible.access.principal import Principal
from indelible.access.rates import RateLimit, Rates
from indelible.access.roles import Grant, Permission, Role

__all__ = [
    "ApiKeyInfo",
    "ApiKeys",
    "Authenticator",
    "ClientCertificates",
    "Grant",
    "GrantInfo",
    "Grants",
    "NewApiKey",
    "Permission",
    "Principal",
    "RateLimit",
    "Rates",
    "Role",
    "StoredApiKeys",
    "StoredGrants",
]
