"""DSSE v1.0.2."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from indelible.errors import FormatError, SignatureError
from indelible.formats.dsse import MAX_ENVELOPE_BYTES, Envelope, EnvelopeSignature, pae
from tests.vectors.load import vectors

VECTORS = vectors("dsse")
CASES = VECTORS["cases"]
P256 = VECTORS["published_p256"]


class Ed25519Key:
    def __init__(self, public_key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(self, message: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, message)
        except InvalidSignature as error:
            raise SignatureError("wrong") from error


class P256Key:
    """Signatures as the published example has them: r and s, 32 bytes each."""

    def __init__(self, x: int, y: int) -> None:
        self._key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

    def verify(self, message: bytes, signature: bytes) -> None:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self._key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise SignatureError("wrong") from error


KEY = Ed25519Key(bytes.fromhex(VECTORS["public_key_hex"]))
P256_KEY = P256Key(int(P256["x"]), int(P256["y"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['payload_type']}-{len(case['body_hex']) // 2}")
def test_pae_is_that_of_the_vectors(case: dict[str, Any]) -> None:
    """Lengths count bytes; empty type and body are a zero and spaces."""
    assert pae(case["payload_type"], bytes.fromhex(case["body_hex"])).hex() == case["pae_hex"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['payload_type']}-{len(case['body_hex']) // 2}")
def test_envelope_reads_and_verifies_the_vectors(case: dict[str, Any]) -> None:
    """Payload, type and signatures come out as they went in, and verify."""
    envelope = Envelope.parse(json.dumps(case["envelope"]).encode())
    assert (envelope.payload.hex(), envelope.payload_type) == (case["body_hex"], case["payload_type"])
    assert [one.signature.hex() for one in envelope.signatures] == [case["ed25519_sig_hex"]]
    envelope.verify([KEY])
    assert json.loads(envelope.encode()) == case["envelope"]


def test_envelope_verifies_the_published_example() -> None:
    """The ECDSA example that the specification prints."""
    document = {"payload": P256["payload"], "payloadType": P256["payload_type"], "signatures": [{"sig": P256["sig"]}]}
    Envelope.parse(json.dumps(document).encode()).verify([P256_KEY])


def test_envelope_signature_covers_payload_and_type() -> None:
    """Either of them changed, and it no longer verifies."""
    case = CASES[0]
    signatures = (EnvelopeSignature(bytes.fromhex(case["ed25519_sig_hex"])),)
    for payload, kind in ((b"hello worle", case["payload_type"]), (b"hello world", "http://example.com/HelloWorle")):
        with pytest.raises(SignatureError, match="0 of 1 keys"):
            Envelope(payload=payload, payload_type=kind, signatures=signatures).verify([KEY])


def test_envelope_counts_keys_not_signatures() -> None:
    """One key that signs twice is one of two; a signature of nobody we know is passed over."""
    both = Envelope.parse(
        json.dumps(
            {
                "payload": P256["payload"],
                "payloadType": P256["payload_type"],
                "signatures": [*CASES[0]["envelope"]["signatures"] * 2, {"sig": P256["sig"]}, {"sig": "AAAA"}],
            }
        ).encode()
    )
    both.verify([KEY, P256_KEY], threshold=2)
    both.verify([KEY])
    with pytest.raises(SignatureError, match="1 of 1 keys have signed the envelope; 2 must"):
        both.verify([KEY], threshold=2)
    with pytest.raises(SignatureError):
        both.verify([KEY], threshold=0)


def test_envelope_reads_url_safe_base64_and_writes_standard() -> None:
    """Readers must take both alphabets; unknown fields, and an absent key ID, mean nothing."""
    document = {"payload": "-_8=", "payloadType": "t", "signatures": [{"sig": "_w==", "x": 1}], "y": None}
    envelope = Envelope.parse(json.dumps(document).encode())
    assert envelope == Envelope(payload=b"\xfb\xff", payload_type="t", signatures=(EnvelopeSignature(b"\xff", ""),))
    assert json.loads(envelope.encode()) == {"payload": "+/8=", "payloadType": "t", "signatures": [{"sig": "/w=="}]}


@pytest.mark.parametrize(
    "change",
    [
        {"payload": 1},
        {"payload": "A"},
        {"payload": "+_8="},
        {"payload": "-/8="},
        {"payload": "AB=="},
        {"payload": None},
        {"payloadType": None},
        {"signatures": []},
        {"signatures": [{}]},
        {"signatures": [{"sig": None}]},
        {"signatures": [{"sig": "", "keyid": 1}]},
        {"signatures": [{"sig": ""}] * 101},
        {"signatures": {}},
    ],
)
def test_envelope_refuses_what_is_none(change: dict[str, Any]) -> None:
    """Missing fields, wrong types, no signature or too many, both alphabets mixed, base64 that is not canonical."""
    good = {"payload": "", "payloadType": "t", "signatures": [{"sig": ""}]}
    Envelope.parse(json.dumps(good).encode())
    with pytest.raises(FormatError):
        Envelope.parse(json.dumps({**good, **change}).encode())


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b"\xff", b'{"payload":"","payloadType":"\xff","signatures":[{"sig":""}]}']
)
def test_envelope_refuses_what_is_not_its_json(data: bytes) -> None:
    """Other JSON, no JSON, no UTF-8."""
    with pytest.raises(FormatError):
        Envelope.parse(data)


def test_envelope_is_bounded() -> None:
    """More than 1 MB is not looked at, and a value without signatures does not come into being."""
    with pytest.raises(FormatError, match="at most"):
        Envelope.parse(bytes(MAX_ENVELOPE_BYTES + 1))
    with pytest.raises(FormatError, match="signatures"):
        Envelope(payload=b"", payload_type="", signatures=())


def test_envelope_survives_endless_nesting() -> None:
    """Fields to be ignored may be nested deeper than any parser goes: that is refused like anything else."""
    with pytest.raises(FormatError, match="recursion"):
        Envelope.parse(b'{"x":' + b"[" * 300_000)


@pytest.mark.parametrize(("payload_type", "key_id"), [("\ud800", ""), ("t", "\udfff")])
def test_envelope_cannot_hold_what_could_not_be_written(payload_type: str, key_id: str) -> None:
    """A lone surrogate is no text."""
    with pytest.raises(FormatError, match="surrogates"):
        Envelope(payload=b"", payload_type=payload_type, signatures=(EnvelopeSignature(b"", key_id),))
