"""Which tokens are believed: those of a configured issuer, signed with its own key, for us, now. And no others."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from indelible.access import Grant
from indelible.access.oidc.provider import IdentityProvider
from indelible.access.oidc.tokens import TokenVerifier
from indelible.config import IdentityProviderSettings
from indelible.errors import ConfigurationError
from tests.fake_provider import AUDIENCE, FakeProvider, SigningKey, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIN = ({"repository": "acme/app", "ref": "refs/heads/*"}, ("writer:ci",))
GROUP = ({"groups": "auditors"}, ("auditor:*", "reader:main tenant:acme"))


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider(keys=[new_key("first"), new_key("rsa", "RS256"), new_key("ed", "EdDSA")]) as provider:
        yield provider


def settings(issuer: str, **more: Any) -> IdentityProviderSettings:
    return IdentityProviderSettings(
        **{"name": "ci", "issuer": issuer, "audience": AUDIENCE, "rules": (MAIN, GROUP), **more}
    )


@pytest.fixture(scope="module")
def verifier(provider: FakeProvider) -> TokenVerifier:
    return TokenVerifier([IdentityProvider.of(settings(provider.issuer))])


def test_verify_believes_a_good_token(provider: FakeProvider, verifier: TokenVerifier) -> None:
    """Of each kind of key; the principal names provider and subject, and expires with the token and the leeway."""
    for key in provider.keys:
        token = provider.token(key, repository="acme/app", ref="refs/heads/main", exp=int(time.time()) + 100)
        identity = verifier.verify(token)
        assert identity is not None, key.algorithm
        assert identity.principal == "oidc:ci:repo:acme/app"
        assert identity.name == "repo:acme/app"
        assert identity.grants == (Grant.parse("writer:ci"),)
        assert identity.expires == pytest.approx(time.time() + 160, abs=5)


@pytest.mark.parametrize(
    ("claims", "grants"),
    [
        ({}, ()),
        ({"repository": "acme/app"}, ()),
        ({"repository": "acme/app", "ref": "refs/tags/v1"}, ()),
        ({"repository": "acme/app-evil", "ref": "refs/heads/main"}, ()),
        ({"repository": "evil/acme/app", "ref": "refs/heads/main"}, ()),
        ({"repository": "acme/app\n", "ref": "refs/heads/main"}, ()),
        ({"repository": ["acme/app"], "ref": "refs/heads/a/b"}, ("writer:ci",)),
        ({"groups": ["users", "auditors"]}, ("auditor:*", "reader:main tenant:acme")),
        ({"groups": "auditors-not"}, ()),
        ({"groups": {"auditors": True}}, ()),
    ],
)
def test_claims_give_what_the_rules_say(
    provider: FakeProvider, verifier: TokenVerifier, claims: dict[str, Any], grants: tuple[str, ...]
) -> None:
    """Every claim of a rule has to fit to the end; of a list one element has to; a star stands for anything."""
    identity = verifier.verify(provider.token(**claims))
    assert identity is not None
    assert [grant.text for grant in identity.grants] == list(grants)


NOW = int(time.time())
WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "an issuer that only begins so": {"iss": "http://127.0.0.1"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "https://other.example"},
    "no audience": {"aud": None},
    "audiences without ours": {"aud": ["a", "b"]},
    "expired": {"exp": NOW - 120},
    "no expiry": {"exp": None},
    "an expiry that is none": {"exp": "never"},
    "not yet": {"nbf": NOW + 3_600},
    "from the future": {"iat": NOW + 3_600},
    "no time of issue": {"iat": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": " "},
    "a subject with a line feed": {"sub": "a\nb"},
    "an endless subject": {"sub": "x" * 201},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_verify_refuses_wrong_claims(provider: FakeProvider, verifier: TokenVerifier, claims: dict[str, Any]) -> None:
    """Each is checked, and each is demanded."""
    assert verifier.verify(provider.token(**claims)) is None


def test_verify_allows_for_clocks(provider: FakeProvider, verifier: TokenVerifier) -> None:
    """Within the leeway neither side's clock matters."""
    now = int(time.time())
    for name, moved in (("exp", -30), ("nbf", 30), ("iat", 30)):
        claims: dict[str, Any] = {name: now + moved}
        assert verifier.verify(provider.token(**claims)) is not None


@pytest.mark.parametrize(
    "header", [{"kid": "unknown"}, {"kid": ""}, {"crit": ["b64"], "b64": True}, {"typ": "logout+jwt"}, {"typ": "JOSE"}]
)
def test_verify_refuses_wrong_headers(provider: FakeProvider, verifier: TokenVerifier, header: dict[str, Any]) -> None:
    """A key of another name, an extension that we do not know, a token of another kind (RFC 8725, section 3.11)."""
    assert verifier.verify(provider.token(header=header)) is None


def test_verify_needs_the_key_named_when_there_are_several(provider: FakeProvider, verifier: TokenVerifier) -> None:
    """Two keys of one kind, and no word which: neither is tried."""
    assert verifier.verify(provider.token(header={"kid": None})) is not None  # the only one for ES256
    provider.keys.append(new_key("second"))
    try:
        other = TokenVerifier([IdentityProvider.of(settings(provider.issuer))])
        assert other.verify(provider.token(header={"kid": None})) is None
        assert other.verify(provider.token()) is not None
    finally:
        provider.keys.pop()


def test_verify_refuses_other_algorithms(provider: FakeProvider, verifier: TokenVerifier) -> None:
    """Neither "none" nor a MAC under the public key, nor an algorithm that the key is not for, nor one not allowed."""
    rsa = provider.keys[1]
    public = jwt.PyJWK(rsa.jwk).key.public_bytes(*_pem())
    claims = jwt.decode(provider.token(rsa), options={"verify_signature": False})
    tokens = [
        forged({"alg": "none", "typ": "JWT", "kid": "rsa"}, claims, b""),
        forged({"alg": "None", "typ": "JWT", "kid": "rsa"}, claims, b""),
        mac(public, claims, "rsa"),
        provider.token(SigningKey(rsa.private, rsa.jwk, "RS512")),
        provider.token(SigningKey(rsa.private, rsa.jwk, "PS256")),
        provider.token(SigningKey(rsa.private, {**rsa.jwk, "kid": "first"}, "RS256")),
        forged({"alg": "ES256", "typ": "JWT", "kid": "first"}, claims, bytes(64)),
    ]
    assert [verifier.verify(token) for token in tokens] == [None] * len(tokens)
    assert verifier.verify(provider.token(rsa)) is not None


def test_verify_refuses_what_was_changed(provider: FakeProvider, verifier: TokenVerifier) -> None:
    """One character of the claims, another key's signature, nonsense: refused, never an error."""
    token = provider.token(repository="acme/app", ref="refs/heads/main")
    header, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = (
        base64.urlsafe_b64encode(json.dumps({**claims, "repository": "acme/other"}).encode()).rstrip(b"=").decode()
    )
    other = provider.token(new_key("first"))
    for wrong in (f"{header}.{changed}.{signature}", other, "..", "a.b.c", f"{header}.{body}.", token[:-2]):
        assert verifier.verify(wrong) is None


def test_verify_asks_nobody_whom_a_token_names() -> None:
    """Neither the address of a key in its header, nor another issuer: nothing that a stranger wrote is followed."""
    with FakeProvider() as provider, FakeProvider() as elsewhere:
        verifier = TokenVerifier([IdentityProvider.of(settings(provider.issuer))])
        key = elsewhere.keys[0]
        header = {"jku": f"{elsewhere.issuer}/jwks", "x5u": f"{elsewhere.issuer}/cert", "jwk": key.jwk}
        assert verifier.verify(elsewhere.token(header=header)) is None
        assert provider.asked == []  # not even the configured one: the issuer is another
        assert verifier.verify(provider.token(key, header=header)) is None
        assert elsewhere.asked == []
        assert verifier.verify(provider.token(header=header)) is not None


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
def test_verify_refuses_weak_and_private_use_keys() -> None:
    """An RSA key of 1,024 bits, and one that the provider publishes for encryption, sign nothing."""
    weak, encrypting = new_key("weak", "RS256", bits=1_024), new_key("encrypting")
    encrypting.jwk["use"] = "enc"
    with FakeProvider(keys=[weak, encrypting]) as provider:
        verifier = TokenVerifier([IdentityProvider.of(settings(provider.issuer))])
        assert verifier.verify(provider.token(weak)) is None
        assert verifier.verify(provider.token(encrypting)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://idp.example.com"},
        {"issuer": "https://me@idp.example.com"},
        {"issuer": "https://idp.example.com/?tenant=x"},
        {"issuer": "idp.example.com"},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"algorithms": ()},
        {"rules": (({}, ("writer:main",)),)},
        {"rules": (({"a": "b"}, ("owner:main",)),)},
        {"rules": (({"a": "b"}, ("reader:main tenant:(",)),)},
    ],
)
def test_provider_refuses_what_would_let_in_too_many(change: dict[str, Any]) -> None:
    """Plain HTTP, shared secrets, a rule that everybody fits: refused when the server starts, with the setting."""
    with pytest.raises(ConfigurationError, match=r"identity_providers\.ci"):
        IdentityProvider.of(settings(**{"issuer": "https://idp.example.com", **change}))


def test_provider_keeps_its_secret_to_itself() -> None:
    """Not in a repr, which might be logged."""
    provider = IdentityProvider.of(settings("https://idp.example.com"), client_secret="hush-hush")  # noqa: S106 - that is the point
    assert "hush" not in repr(provider)


def _pem() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return Encoding.PEM, PublicFormat.SubjectPublicKeyInfo


def forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes) -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def mac(key: bytes, claims: dict[str, Any], key_id: str) -> str:
    """HS256 under bytes that anybody can have: what a library that trusts the header would accept."""
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    unsigned = forged({"alg": "HS256", "typ": "JWT", "kid": key_id}, claims, b"").rstrip(".")
    digest = hmac.new(key, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
