"""Client certificates: whom they prove, and that everything else is refused in the same words."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from indelible.access import ClientCertificates
from indelible.access.authenticator import REFUSAL
from indelible.config import CertificateIdentity
from indelible.errors import ConfigurationError, Unauthenticated
from tests.certificates import Authority, Issued

CA = Authority()
NOW = dt.datetime.now(dt.UTC)


def known(**identities: str) -> ClientCertificates:
    """Identities by kind and name, with one grant each."""
    names = {name.replace("_", ":", 1): grant for name, grant in identities.items()}
    return ClientCertificates({name: CertificateIdentity(name=name, grants=(grant,)) for name, grant in names.items()})


@pytest.mark.parametrize("form", ["rfc9440", "escaped"])
def test_certificates_prove_a_configured_name(form: str) -> None:
    """In both forms in which proxies hand them over."""
    issued = CA.issue("ignored", names=[x509.DNSName("collector.example")])
    principal = known(**{"dns_collector.example": "writer:main"}).authenticate(getattr(issued, form).encode())
    assert principal.id == "certificate:dns:collector.example"
    assert [grant.text for grant in principal.grants] == ["writer:main"]


def test_certificates_know_whom_they_identify() -> None:
    """Others than those are no error: they may have a key beside their certificate."""
    certificates = known(**{"dns_collector.example": "writer:main"})
    assert certificates
    assert certificates.knows(CA.issue("x", names=[x509.DNSName("collector.example")]).rfc9440.encode())
    assert not certificates.knows(CA.issue("x", names=[x509.DNSName("another.example")]).rfc9440.encode())
    assert not known()


def test_certificates_add_up_what_their_names_may() -> None:
    """Alternative names first, then the subject; the first known one names the principal."""
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier("spiffe://example/collector"),
        x509.RFC822Name("ada@example.com"),
        x509.DNSName("unknown.example"),
    ]
    issued = CA.issue("ada", names=names)
    certificates = known(
        **{
            "subject_CN=ada": "reader:*",
            "email_ada@example.com": "writer:main",
            "uri_spiffe://example/collector": "writer:main",
        }
    )
    principal = certificates.authenticate(issued.rfc9440.encode())
    assert principal.id == "certificate:uri:spiffe://example/collector"
    assert [grant.text for grant in principal.grants] == ["writer:main", "reader:*"]


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b":AAAA:",
        b":not base64:",
        b"-----BEGIN%20CERTIFICATE-----",
        b"x" * 100_000,
        CA.issue("unknown").rfc9440.encode(),
        # A name of one kind does not pass for one of another.
        CA.issue("dns:collector.example").rfc9440.encode(),
        CA.issue("x", names=[x509.RFC822Name("collector.example")]).rfc9440.encode(),
        CA.issue("x", names=[x509.DNSName("collector.example")], not_after=NOW).rfc9440.encode(),
        CA.issue(
            "x", names=[x509.DNSName("collector.example")], not_before=NOW + dt.timedelta(days=1)
        ).rfc9440.encode(),
    ],
    ids=["empty", "no certificate", "no base64", "cut off", "huge", "unknown", "subject", "kind", "expired", "early"],
)
def test_certificates_refuse_all_others_alike(header: bytes) -> None:
    """Malformed, unknown, expired, not yet valid: the same words."""
    with pytest.raises(Unauthenticated) as raised:
        known(**{"dns_collector.example": "writer:main"}).authenticate(header)
    assert str(raised.value) == REFUSAL


def test_certificates_may_hold_names_that_nobody_reads() -> None:
    """An alternative name of a kind that no library knows (here an X.400 address): the subject still counts."""
    key, subject = CA.root.key, x509.Name.from_rfc4514_string("CN=odd")
    unread = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, bytes.fromhex("3004a3023000"))
    builder = CA._builder(subject, key, NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=1))
    odd = Issued(builder.add_extension(unread, critical=False).sign(key, hashes.SHA256()), key)
    assert known(**{"subject_CN=odd": "writer:main"}).authenticate(odd.rfc9440.encode()).name == "subject:CN=odd"


def test_certificates_are_forgotten_when_they_expire() -> None:
    """One that was good a moment ago is not good for ever."""
    now = [NOW.timestamp()]
    identity = CertificateIdentity(name="dns:a.example", grants=("writer:main",))
    certificates = ClientCertificates({identity.name: identity}, clock=lambda: now[0])
    header = CA.issue("x", names=[x509.DNSName("a.example")]).rfc9440.encode()
    certificates.authenticate(header)
    now[0] += 31 * 86_400
    with pytest.raises(Unauthenticated):
        certificates.authenticate(header)


def test_certificates_need_grants_that_can_be_read() -> None:
    """A typing mistake is found at the start, not at the first request."""
    with pytest.raises(ConfigurationError, match=r"a\.example"):
        known(**{"dns_a.example": "author:main"})
