"""Everything that can be set, as one frozen structure; read from ``indelible.toml`` and ``INDELIBLE_…`` variables.

:mod:`~indelible.config.settings` is the structure: each setting with its meaning, unit, range and default, once. The
file's keys, the variables' names, the messages, ``indelible config show`` and the reference page all follow from it, so
a new setting is one field there. Refuses what it does not know and what cannot work, and names the place: a setting
that is silently ignored is a setting that somebody relies on in vain.
"""

from __future__ import annotations

from indelible.config.addresses import DEFAULT_LISTEN, parse_listen
from indelible.config.document import Loaded, append_log, initial_document, load_configuration
from indelible.config.log_names import check_log_name
from indelible.config.settings import (
    CertificateIdentity,
    Configuration,
    IdentityProviderSettings,
    IndexSettings,
    LogConfiguration,
    LoggingSettings,
    LogSettings,
    ProxySettings,
    ReadinessSettings,
    ServerSettings,
    TelemetrySettings,
    TlsSettings,
)

__all__ = [
    "DEFAULT_LISTEN",
    "CertificateIdentity",
    "Configuration",
    "IdentityProviderSettings",
    "IndexSettings",
    "Loaded",
    "LogConfiguration",
    "LogSettings",
    "LoggingSettings",
    "ProxySettings",
    "ReadinessSettings",
    "ServerSettings",
    "TelemetrySettings",
    "TlsSettings",
    "append_log",
    "check_log_name",
    "initial_document",
    "load_configuration",
    "parse_listen",
]
