"""Verifier keys of C2SP signed-note, for the three signature types that a log needs.

::

    <name>+<8 lowercase hex digits of key ID>+<base64(type byte || public key)>

Types: 0x01 Ed25519 over the note's text; 0x04 Ed25519 and 0x06 ML-DSA-44 over a timestamped checkpoint
(:mod:`indelible.formats.cosignature`). Every other type is refused. A key ID commits to name, type and key; one Ed25519
key has two IDs under two types, and here never stands in for the other.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from indelible.errors import FormatError, SignatureError
from indelible.formats import base64
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.cosignature import TimestampedSignature, ed25519_message, ml_dsa_44_message, subtree_message
from indelible.formats.note import KEY_ID_SIZE, KeyId, check_key_name

__all__ = ["SignatureType", "VerifierKey", "key_id_of"]

_MAX_VKEY_CHARACTERS: Final = 4_096
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")


class SignatureType(IntEnum):
    """What a key signs, and how: the type byte of its verifier key."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06

    @property
    def public_key_size(self) -> int:
        """Bytes of a public key."""
        return 1312 if self is SignatureType.ML_DSA_44_COSIGNATURE else 32


def key_id_of(name: str, kind: SignatureType, public_key: bytes) -> KeyId:
    """The key ID that signed-note derives from name, type and public key."""
    return KeyId(hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:KEY_ID_SIZE])


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key; a :class:`~indelible.formats.note.Verifier`.

    Raises:
        FormatError: the name is no key name, or the public key has not its type's length.
    """

    name: str
    kind: SignatureType
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != self.kind.public_key_size:
            raise FormatError(f"a key of type {self.kind:#04x} has {self.kind.public_key_size} bytes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key.

        Raises:
            FormatError: it is none, of another type, or its ID is not that of the key.
        """
        if len(text) > _MAX_VKEY_CHARACTERS:
            raise FormatError(f"a verifier key has at most {_MAX_VKEY_CHARACTERS} characters")
        parts = text.split("+", 2)  # the base64 part may hold more plus signs
        if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
            raise FormatError("a verifier key is a name, a key ID of 8 lowercase hex digits and base64, joined by +")
        name, key_id, encoded = parts
        data = base64.decode(encoded)
        try:
            kind = SignatureType(data[0])
        except (IndexError, ValueError) as error:
            raise FormatError("a verifier key of a type other than 0x01, 0x04 and 0x06 is not supported") from error
        key = cls(name, kind, data[1:])
        if key.key_id.hex() != key_id:
            raise FormatError(f"the verifier key of {name} has the ID {key.key_id.hex()}, but says {key_id}")
        return key

    @property
    def key_id(self) -> KeyId:
        """The key's ID, 4 bytes."""
        return key_id_of(self.name, self.kind, self.public_key)

    @property
    def vkey(self) -> str:
        """The key's text form."""
        return f"{self.name}+{self.key_id.hex()}+{base64.encode(bytes([self.kind]) + self.public_key)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature (what follows the key ID) over a note's text.

        Raises:
            SignatureError: it does not verify; for a cosigner's key also when the text is no checkpoint.
        """
        if self.kind is SignatureType.ED25519:
            self._verify(signature, text.encode())
            return
        try:
            checkpoint = Checkpoint.parse(text)
            timestamped = TimestampedSignature.parse(signature)
            if self.kind is SignatureType.ED25519_COSIGNATURE:
                message = ed25519_message(checkpoint, timestamped.timestamp)
            else:
                message = ml_dsa_44_message(self.name, checkpoint, timestamped.timestamp)
        except FormatError as error:
            raise SignatureError(f"the cosignature of {self.name} cannot be one: {error}") from error
        self._verify(timestamped.signature, message)

    def verify_subtree(self, signature: bytes, *, origin: str, start: int, end: int, root: bytes) -> None:
        """Check an ML-DSA-44 cosignature without a time (what follows the key ID) over the subtree ``[start, end)``.

        Raises:
            SignatureError: it does not verify, has a time, or the key is of a type that signs no subtrees.
        """
        if self.kind is not SignatureType.ML_DSA_44_COSIGNATURE:
            raise SignatureError(f"a key of type {self.kind:#04x} signs no subtrees")
        try:
            timestamped = TimestampedSignature.parse(signature)
            message = subtree_message(self.name, origin=origin, start=start, end=end, root=root)
        except FormatError as error:
            raise SignatureError(f"the cosignature of {self.name} cannot be one: {error}") from error
        if timestamped.timestamp:
            raise SignatureError(f"the cosignature of {self.name} over a subtree has a time")
        self._verify(timestamped.signature, message)

    def _verify(self, signature: bytes, message: bytes) -> None:
        try:
            if self.kind is SignatureType.ML_DSA_44_COSIGNATURE:
                MLDSA44PublicKey.from_public_bytes(self.public_key).verify(signature, message)
            else:
                Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise SignatureError(f"the signature of {self.name} ({self.key_id.hex()}) does not verify") from error
