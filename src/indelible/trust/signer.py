"""A log's own keys: made, kept, and used to sign its checkpoints.

Implements "Checkpoints and keys" of the architecture. Each checkpoint is signed twice: an Ed25519 note signature (type
0x01 of C2SP signed-note, key name = origin; every C2SP tool reads it) and an ML-DSA-44 timestamped cosignature (type
0x06 of C2SP tlog-cosignature, key name = origin + ``/ml-dsa-44``), which outlives whoever breaks Ed25519.

Refuses checkpoints of another origin and checkpoints with extension lines, which 0x06 does not cover. That a smaller or
contradicting tree is never signed is not decided here: the publisher moves the checkpoint state on first, then signs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from indelible.errors import ConfigurationError, FormatError, InternalError
from indelible.formats.note import Note
from indelible.formats.signer import MLDSA44Cosigner, NoteSigner
from indelible.formats.vkey import VerifierKey
from indelible.trust.key_files import create_private_directory, create_private_file, read_private_file
from indelible.verify.trusted_keys import OWN_COSIGNER_SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.formats.checkpoint import Checkpoint

__all__ = ["LogKeys", "LogSigner", "generate_log_keys"]


_ED25519_FILE = "ed25519.pem"
_ML_DSA_FILE = "ml-dsa-44.pem"
_VKEYS_FILE = "vkeys"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeys:
    """The private keys of one log."""

    origin: str
    ed25519: Ed25519PrivateKey = field(repr=False)
    ml_dsa_44: MLDSA44PrivateKey = field(repr=False)

    @property
    def vkeys(self) -> tuple[str, str]:
        """The public keys as C2SP verifier keys: Ed25519 (0x01), then ML-DSA-44 (0x06)."""
        ed25519 = NoteSigner(self.origin, self.ed25519)
        ml_dsa_44 = MLDSA44Cosigner(self.origin + OWN_COSIGNER_SUFFIX, self.ml_dsa_44)
        return ed25519.verifier.vkey, ml_dsa_44.verifier.vkey

    def save(self, directory: Path) -> None:
        """Write the keys into ``directory`` (made with mode 0700) as PKCS#8 PEM files of mode 0600.

        Raises:
            UsageError: there are keys already.
            ConfigurationError: the folder exists and is not private.
        """
        create_private_directory(directory)
        create_private_file(directory / _ED25519_FILE, _to_pem(self.ed25519))
        create_private_file(directory / _ML_DSA_FILE, _to_pem(self.ml_dsa_44))
        # Last, so that its absence shows a creation that was cut short.
        create_private_file(directory / _VKEYS_FILE, "".join(vkey + "\n" for vkey in self.vkeys).encode())

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read keys written by :meth:`save`, and check that they are those that the file ``vkeys`` names.

        Raises:
            ConfigurationError: a file is missing, not a key, not the expected one, or others can reach it.
        """
        vkeys_file = directory / _VKEYS_FILE
        try:
            vkeys = read_private_file(vkeys_file).decode().split("\n")
            origin = VerifierKey.parse(vkeys[0]).name
        except (UnicodeDecodeError, FormatError) as error:
            raise ConfigurationError(f"{vkeys_file} does not hold verifier keys: {error}") from error
        ed25519 = _from_pem(directory / _ED25519_FILE)
        ml_dsa_44 = _from_pem(directory / _ML_DSA_FILE)
        if not isinstance(ed25519, Ed25519PrivateKey) or not isinstance(ml_dsa_44, MLDSA44PrivateKey):
            raise ConfigurationError(f"{directory}: a key file holds a key of another type; restore it from a backup")
        keys = cls(origin=origin, ed25519=ed25519, ml_dsa_44=ml_dsa_44)
        if vkeys != [*keys.vkeys, ""]:
            raise ConfigurationError(
                f"{directory}: the private keys are not those that {_VKEYS_FILE} names; restore both from one backup"
            )
        return keys


class LogSigner:
    """Signs checkpoints of one log with both of its keys."""

    def __init__(self, keys: LogKeys) -> None:
        self.origin = keys.origin
        self.vkeys = keys.vkeys
        self._ed25519 = NoteSigner(keys.origin, keys.ed25519)
        self._ml_dsa_44 = MLDSA44Cosigner(keys.origin + OWN_COSIGNER_SUFFIX, keys.ml_dsa_44)

    def sign(self, checkpoint: Checkpoint, *, timestamp: int) -> bytes:
        """A signed note: the checkpoint's text, the Ed25519 line, the ML-DSA-44 line.

        ``timestamp`` is in Unix seconds, in ``[1, 2**63)``; it stands in the ML-DSA-44 line and asserts that this is
        the largest tree that the log has signed at that time.

        Raises:
            InternalError: the checkpoint is another log's, or has extension lines.
        """
        if checkpoint.origin != self.origin:
            raise InternalError(f"the keys of {self.origin} do not sign checkpoints of {checkpoint.origin}")
        if checkpoint.extensions:
            raise InternalError("a checkpoint with extension lines is not signed: type 0x06 does not cover them")
        if timestamp < 1:
            raise InternalError("a checkpoint's signature must bear a time")  # tlog-cosignature: 0 is for subtrees only
        text = checkpoint.text()
        signatures = (self._ed25519.sign(text), self._ml_dsa_44.sign(text, timestamp))
        return Note(text, signatures).encode()


def generate_log_keys(origin: str) -> LogKeys:
    """New random keys for a log."""
    return LogKeys(origin=origin, ed25519=Ed25519PrivateKey.generate(), ml_dsa_44=MLDSA44PrivateKey.generate())


def _to_pem(key: Ed25519PrivateKey | MLDSA44PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _from_pem(path: Path) -> object:
    try:
        return load_pem_private_key(read_private_file(path), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} is not a PKCS#8 PEM key: {error}") from error
