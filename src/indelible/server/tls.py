"""The server's certificate and key: looked at before they are used, so that what is wrong is said in words.

Also before each reload: a renewed certificate that does not fit its key must not take down a server that works.
"""

from __future__ import annotations

import ssl
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography import x509
from granian.constants import SSLProtocols

from indelible.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from indelible.config import TlsSettings

__all__ = ["CertificateFacts", "TlsFiles"]

_MAX_CERTIFICATE_BYTES = 1 << 20
_VERSIONS = {SSLProtocols.tls12: ssl.TLSVersion.TLSv1_2, SSLProtocols.tls13: ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a certificate says about itself: for whom it is, and until when."""

    names: tuple[str, ...]
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The files of the server's TLS, and the oldest version that is spoken."""

    certificate: Path
    key: Path
    minimum_version: SSLProtocols
    client_ca: Path | None

    @classmethod
    def from_settings(cls, settings: TlsSettings, folder: Path) -> Self | None:
        """The files that the configuration names, from ``folder`` on; ``None`` for plain HTTP."""
        if not settings.enabled:
            return None
        return cls(
            certificate=folder / settings.certificate,
            key=folder / settings.key,
            minimum_version=SSLProtocols.tls12 if settings.minimum_version == "1.2" else SSLProtocols.tls13,
            client_ca=folder / settings.client_ca if settings.client_ca else None,
        )

    def check(self) -> CertificateFacts:
        """Read all of them as the server will.

        Raises:
            ConfigurationError: one is missing or not what it should be, they do not fit, or anyone can reach the key.
        """
        _check_key_mode(self.key)
        self.context()
        return _facts(_read_certificates(self.certificate)[0])

    def context(self) -> ssl.SSLContext:
        """A server's side of TLS with these files, for OpenSSL: as granian has it, where that can be.

        Raises:
            ConfigurationError: one is missing or not what it should be, or they do not fit.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.minimum_version]
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
        context.num_tickets = 0  # TLS 1.3 resumes nothing then; 1.2 may for two hours, and Python has no switch for it
        context.set_alpn_protocols(["http/1.1"])
        try:
            # A password is given so that OpenSSL never asks the terminal for one.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as error:
            detail = f"{self.certificate} and {self.key} are not a certificate and its unencrypted key: {error}"
            raise ConfigurationError(detail) from error
        if self.client_ca is not None:
            _read_certificates(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate authority may be trusted by itself
            try:
                context.load_verify_locations(self.client_ca)
            except OSError as error:
                raise ConfigurationError(f"[tls] {self.client_ca} cannot be read: {error}") from error
        return context


def _check_key_mode(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigurationError(f"[tls] key: {path}: {error.strerror}") from error
    if mode & stat.S_IRWXO:
        raise ConfigurationError(
            f"{path} can be reached by anyone (mode {stat.S_IMODE(mode):04o}); run: chmod o= {path}; "
            "and think about whether the key must be replaced"
        )


def _read_certificates(path: Path) -> list[x509.Certificate]:
    try:
        with path.open("rb") as file:
            return x509.load_pem_x509_certificates(file.read(_MAX_CERTIFICATE_BYTES))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"[tls] {path} holds no PEM certificates: {error}") from error


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*alternative.get_values_for_type(x509.DNSName)]
        names += [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        names = []
    return CertificateFacts(names=tuple(names), not_after=certificate.not_valid_after_utc)
