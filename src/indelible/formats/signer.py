"""Those who sign notes and cosign checkpoints, and the text form of their private keys.

A signer key is the convention of Go's ``sumdb/note`` package, extended to cosigners as other implementations do::

    PRIVATE+KEY+<name>+<8 lowercase hex digits of key ID>+<base64(type byte || 32-byte seed)>

Signing says nothing about whether something may be signed; that a log never contradicts itself is its publisher's duty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from indelible.errors import FormatError
from indelible.formats import base64
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.cosignature import TimestampedSignature, ed25519_message, ml_dsa_44_message, subtree_message
from indelible.formats.note import NoteSignature, check_key_name
from indelible.formats.vkey import SignatureType, VerifierKey

__all__ = ["Ed25519Cosigner", "MLDSA44Cosigner", "NoteSigner", "SignerKey", "parse_skey"]

_SKEY_PREFIX: Final = "PRIVATE+KEY+"
_MAX_SKEY_CHARACTERS: Final = 4_096
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """Signs notes with Ed25519, type 0x01. A log's key name is its origin."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, SignatureType.ED25519, self.private_key.public_key().public_bytes_raw())

    @property
    def skey(self) -> str:
        """The private key as text: a secret."""
        return _skey(self.verifier, self.private_key.private_bytes_raw())

    def sign(self, text: str) -> NoteSignature:
        """Sign a note's text, which ends with LF."""
        return NoteSignature(self.name, self.verifier.key_id, self.private_key.sign(text.encode()))


@dataclass(frozen=True, slots=True)
class Ed25519Cosigner:
    """Cosigns checkpoints with Ed25519, type 0x04.

    The signed message does not name the cosigner, so one key must not serve two of them.
    """

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        public_key = self.private_key.public_key().public_bytes_raw()
        return VerifierKey(self.name, SignatureType.ED25519_COSIGNATURE, public_key)

    @property
    def skey(self) -> str:
        """The private key as text: a secret."""
        return _skey(self.verifier, self.private_key.private_bytes_raw())

    def sign(self, text: str, timestamp: int) -> NoteSignature:
        """Cosign the checkpoint with this text at ``timestamp``, in Unix seconds in ``[0, 2**63)``.

        Raises:
            FormatError: the text is no checkpoint, or the timestamp out of its range.
        """
        signature = self.private_key.sign(ed25519_message(Checkpoint.parse(text), timestamp))
        return NoteSignature(self.name, self.verifier.key_id, TimestampedSignature(timestamp, signature).encode())


@dataclass(frozen=True, slots=True)
class MLDSA44Cosigner:
    """Cosigns checkpoints and subtrees with ML-DSA-44, type 0x06. Signatures differ each time."""

    name: str
    private_key: MLDSA44PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        public_key = self.private_key.public_key().public_bytes_raw()
        return VerifierKey(self.name, SignatureType.ML_DSA_44_COSIGNATURE, public_key)

    @property
    def skey(self) -> str:
        """The private key as text: a secret."""
        return _skey(self.verifier, self.private_key.private_bytes_raw())

    def sign(self, text: str, timestamp: int) -> NoteSignature:
        """Cosign the checkpoint with this text at ``timestamp``, in Unix seconds in ``[0, 2**63)``.

        Extension lines are not covered.

        Raises:
            FormatError: the text is no checkpoint, the timestamp out of its range, or a name has over 255 bytes.
        """
        return self._sign(ml_dsa_44_message(self.name, Checkpoint.parse(text), timestamp), timestamp)

    def sign_subtree(self, *, origin: str, start: int, end: int, root: bytes) -> NoteSignature:
        """Cosign the subtree ``[start, end)`` of the log ``origin``, without a time.

        Raises:
            FormatError: not a range, not a hash, or a name has over 255 bytes.
        """
        return self._sign(subtree_message(self.name, origin=origin, start=start, end=end, root=root), 0)

    def _sign(self, message: bytes, timestamp: int) -> NoteSignature:
        timestamped = TimestampedSignature(timestamp, self.private_key.sign(message))
        return NoteSignature(self.name, self.verifier.key_id, timestamped.encode())


SignerKey = NoteSigner | Ed25519Cosigner | MLDSA44Cosigner
"""Any of the signers."""


def parse_skey(text: str) -> SignerKey:
    """Read a signer key.

    Raises:
        FormatError: it is none, of another type, or its ID is not that of the key. The text shows nothing of the key.
    """
    if len(text) > _MAX_SKEY_CHARACTERS or not text.startswith(_SKEY_PREFIX):
        raise FormatError("a signer key begins with PRIVATE+KEY+")
    parts = text.removeprefix(_SKEY_PREFIX).split("+", 2)
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        raise FormatError("a signer key is a name, a key ID of 8 lowercase hex digits and base64, joined by +")
    name, key_id, encoded = parts
    data = base64.decode(encoded)
    if len(data) != 33:
        raise FormatError("a signer key holds a type byte and a seed of 32 bytes")
    signer = _signer(name, data[0], data[1:])
    if signer.verifier.key_id.hex() != key_id:
        raise FormatError(f"the signer key of {name} has the ID {signer.verifier.key_id.hex()}, but says {key_id}")
    return signer


def _signer(name: str, kind: int, seed: bytes) -> SignerKey:
    match kind:
        case SignatureType.ED25519:
            return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(seed))
        case SignatureType.ED25519_COSIGNATURE:
            return Ed25519Cosigner(name, Ed25519PrivateKey.from_private_bytes(seed))
        case SignatureType.ML_DSA_44_COSIGNATURE:
            return MLDSA44Cosigner(name, MLDSA44PrivateKey.from_seed_bytes(seed))
    raise FormatError("a signer key of a type other than 0x01, 0x04 and 0x06 is not supported")


def _skey(verifier: VerifierKey, seed: bytes) -> str:
    encoded = base64.encode(bytes([verifier.kind]) + seed)
    return f"{_SKEY_PREFIX}{verifier.name}+{verifier.key_id.hex()}+{encoded}"
