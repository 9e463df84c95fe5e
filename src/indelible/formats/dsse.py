"""DSSE v1.0.2: an envelope of a payload, its type, and signatures over both.

What is signed is the pre-authentication encoding, ``"DSSEv1" SP len(type) SP type SP len(body) SP body``, lengths in
bytes. The envelope is JSON. A key's ID in it is a hint and never a basis for trust: algorithm and key come from the
verifier's configuration. After :meth:`Envelope.verify` use :attr:`Envelope.payload`; never decode the JSON again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Protocol, Self

import msgspec

from indelible.errors import FormatError, SignatureError
from indelible.formats import base64

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MAX_ENVELOPE_BYTES", "Envelope", "EnvelopeSignature", "PayloadVerifier", "pae"]

MAX_ENVELOPE_BYTES: Final = 1_000_000
_MAX_SIGNATURES: Final = 100


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a signature covers."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class PayloadVerifier(Protocol):
    """A key with its algorithm."""

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a signature.

        Raises:
            SignatureError: it does not verify.
        """


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """A signature, and the hint at its key; an empty hint is the same as none."""

    signature: bytes
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload, its type and at least one signature, of which none has been checked.

    Raises:
        FormatError: no signature, or more than 100; a text that cannot be written in UTF-8.
    """

    payload: bytes
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.signatures) <= _MAX_SIGNATURES:
            raise FormatError(f"an envelope has 1 to {_MAX_SIGNATURES} signatures, not {len(self.signatures)}")
        try:
            "".join((self.payload_type, *(one.key_id for one in self.signatures))).encode()
        except UnicodeEncodeError as error:
            raise FormatError("the texts of an envelope hold no lone surrogates") from error

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an envelope. Fields that DSSE does not know are ignored, as it demands.

        Raises:
            FormatError: it is none.
        """
        if len(data) > MAX_ENVELOPE_BYTES:
            raise FormatError(f"an envelope has at most {MAX_ENVELOPE_BYTES} bytes, not {len(data)}")
        try:
            wire = msgspec.json.decode(data, type=_WireEnvelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # the last: in fields to be ignored
            raise FormatError(f"not a DSSE envelope: {error}") from error
        return cls(
            payload=_decode_either(wire.payload),
            payload_type=wire.payload_type,
            signatures=tuple(EnvelopeSignature(_decode_either(one.sig), one.keyid) for one in wire.signatures),
        )

    def encode(self) -> bytes:
        """The envelope as JSON, with standard base64."""
        signatures = [_WireSignature(sig=base64.encode(one.signature), keyid=one.key_id) for one in self.signatures]
        return msgspec.json.encode(
            _WireEnvelope(payload=base64.encode(self.payload), payload_type=self.payload_type, signatures=signatures)
        )

    def verify(self, keys: Collection[PayloadVerifier], *, threshold: int = 1) -> None:
        """Check that at least ``threshold`` of the ``keys``, which are all different, have signed payload and type.

        Raises:
            SignatureError: fewer have. A signature that no key verifies is another party's, and is passed over.
        """
        message = pae(self.payload_type, self.payload)
        # Keys are counted, not signatures: one key that signs twice is one.
        signed = sum(any(_verifies(key, message, one.signature) for one in self.signatures) for key in keys)
        if threshold < 1 or signed < threshold:
            raise SignatureError(f"{signed} of {len(keys)} keys have signed the envelope; {threshold} must")


class _WireSignature(msgspec.Struct, omit_defaults=True):
    sig: str
    keyid: str = ""


class _WireEnvelope(msgspec.Struct, rename={"payload_type": "payloadType"}):
    payload: str
    payload_type: str
    signatures: Annotated[list[_WireSignature], msgspec.Meta(min_length=1, max_length=_MAX_SIGNATURES)]


def _verifies(key: PayloadVerifier, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except SignatureError:
        return False
    return True


def _decode_either(text: str) -> bytes:
    """Base64 in the standard or in the URL-safe alphabet; DSSE has readers accept both."""
    if ("-" in text or "_" in text) and not ("+" in text or "/" in text):
        text = text.replace("-", "+").replace("_", "/")
    return base64.decode(text)
