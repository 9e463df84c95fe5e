"""From a client certificate that has been verified to a principal with the grants configured for it.

A trusted proxy, or the server's own TLS, vouches that the client holds the certificate's key and that its issuer is one
of ours; this says who that is.
Understands the header ``Client-Cert`` as RFC 9440 has it (DER in base64 between colons) and as nginx's
``$ssl_client_escaped_cert`` gives it (PEM, percent-encoded). Refuses certificates that have expired, and any that no
configured identity names, in the words that every wrong credential gets.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from cryptography import x509

from indelible.access.authenticator import REFUSAL
from indelible.access.principal import Principal
from indelible.access.roles import Grant
from indelible.errors import ConfigurationError, Unauthenticated, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from indelible.config import CertificateIdentity

__all__ = ["ClientCertificates"]

_MAX_HEADER = 65_536
_MAX_REMEMBERED = 1_000


class ClientCertificates:
    """The identities that certificates may prove. For one event loop's thread."""

    def __init__(
        self,
        identities: Mapping[str, CertificateIdentity] = MappingProxyType({}),
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the identities as configured.

        Raises:
            ConfigurationError: a grant of theirs is none.
        """
        self._grants = {name: _grants(identity) for name, identity in identities.items()}
        self._clock = clock
        self._remembered: dict[bytes, tuple[Principal, float]] = {}

    def __bool__(self) -> bool:
        """Whether any identity is configured."""
        return bool(self._grants)

    def knows(self, header: bytes) -> bool:
        """Whether a configured identity names this certificate, which is written as in a ``Client-Cert`` header."""
        try:
            self.authenticate(header)
        except Unauthenticated:
            return False
        return True

    def authenticate(self, header: bytes) -> Principal:
        """The principal of the value of a ``Client-Cert`` header that can be believed.

        Raises:
            Unauthenticated: it is malformed, expired, or nobody that is known; which of these is not told.
        """
        key = hashlib.sha256(header).digest()
        principal, expires = self._remembered.get(key) or self._verify(key, header)
        if self._clock() >= expires:
            raise Unauthenticated(REFUSAL)
        return principal

    def _verify(self, key: bytes, header: bytes) -> tuple[Principal, float]:
        certificate = _parse(header)
        names = [name for name in _names(certificate) if name in self._grants] if certificate else []
        if certificate is None or not names or certificate.not_valid_before_utc.timestamp() > self._clock():
            raise Unauthenticated(REFUSAL)
        grants = dict.fromkeys(grant for name in names for grant in self._grants[name])
        principal = Principal(id=f"certificate:{names[0]}", name=names[0], grants=tuple(grants))
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        remembered = self._remembered[key] = (principal, certificate.not_valid_after_utc.timestamp())
        return remembered


def _grants(identity: CertificateIdentity) -> tuple[Grant, ...]:
    try:
        return tuple(Grant.parse(text) for text in identity.grants)
    except UsageError as error:
        raise ConfigurationError(f"[certificates.{identity.name!r}] grants: {error}") from error


def _parse(header: bytes) -> x509.Certificate | None:
    if len(header) > _MAX_HEADER:
        return None
    try:
        if header.startswith(b":") and header.endswith(b":"):
            return x509.load_der_x509_certificate(base64.b64decode(header[1:-1], validate=True))
        return x509.load_pem_x509_certificate(unquote_to_bytes(header))
    except (ValueError, binascii.Error):
        return None


def _names(certificate: x509.Certificate) -> Iterator[str]:
    """What the certificate names: the alternative names in their order, then the whole subject."""
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        kinds = {x509.UniformResourceIdentifier: "uri", x509.DNSName: "dns", x509.RFC822Name: "email"}
        for name in alternative:
            if type(name) in kinds:
                yield f"{kinds[type(name)]}:{name.value}"
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        pass
    if subject := certificate.subject.rfc4514_string():
        yield f"subject:{subject}"
