"""C2SP tlog-cosignature: what a cosigner signs, and the timestamp that goes with it.

Type 0x04 (Ed25519) signs the whole text of a checkpoint under a two-line header. Type 0x06 (ML-DSA-44) signs a
structure that names cosigner, log and a subtree ``[start, end)``, a checkpoint being the subtree that begins at 0;
extension lines are not part of it. Both put the time before the signature: 8 bytes, big-endian, Unix seconds.

A time that is not 0 asserts that this was then the largest consistent tree that the cosigner had seen. 0 asserts no
such thing, and is the only time that a subtree which begins elsewhere may have.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from indelible.errors import FormatError
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE

if TYPE_CHECKING:
    from indelible.formats.checkpoint import Checkpoint

__all__ = ["TimestampedSignature", "ed25519_message", "ml_dsa_44_message", "subtree_message"]

_LABEL: Final = b"subtree/v1\n\0"
_MAX_NAME_BYTES: Final = 255


@dataclass(frozen=True, slots=True)
class TimestampedSignature:
    """What follows the key ID in the signature line of a cosigner.

    Attributes:
        timestamp: Unix seconds, in ``[0, 2**63)``.
        signature: 64 bytes of Ed25519 or 2,420 of ML-DSA-44.

    Raises:
        FormatError: the timestamp is out of its range.
    """

    timestamp: int
    signature: bytes

    def __post_init__(self) -> None:
        _check_timestamp(self.timestamp)

    @classmethod
    def parse(cls, blob: bytes) -> Self:
        """Read ``NoteSignature.signature``.

        Raises:
            FormatError: too short, or the timestamp is out of its range.
        """
        if len(blob) <= 8:
            raise FormatError("a cosignature is 8 bytes of time and a signature")
        return cls(int.from_bytes(blob[:8], "big"), blob[8:])

    def encode(self) -> bytes:
        """The bytes that follow the key ID."""
        return self.timestamp.to_bytes(8, "big") + self.signature


def ed25519_message(checkpoint: Checkpoint, timestamp: int) -> bytes:
    """What a key of type 0x04 signs: the checkpoint's text, extension lines included, under its header.

    Raises:
        FormatError: the timestamp is out of its range.
    """
    _check_timestamp(timestamp)
    return f"cosignature/v1\ntime {timestamp}\n{checkpoint.text()}".encode()


def ml_dsa_44_message(name: str, checkpoint: Checkpoint, timestamp: int) -> bytes:
    """What a key of type 0x06 with this ``name`` signs for a checkpoint.

    Raises:
        FormatError: the timestamp is out of its range, or a name too long for the structure.
    """
    return subtree_message(
        name, origin=checkpoint.origin, start=0, end=checkpoint.size, root=checkpoint.root, timestamp=timestamp
    )


def subtree_message(name: str, *, origin: str, start: int, end: int, root: bytes, timestamp: int = 0) -> bytes:
    """What a key of type 0x06 with this ``name`` signs for the subtree ``[start, end)`` of the log ``origin``.

    Raises:
        FormatError: the timestamp is out of its range, or not 0 although ``start`` is not; a name is empty or has more
            than 255 bytes; not ``0 <= start <= end < 2**63``; the root has not 32 bytes.
    """
    _check_timestamp(timestamp)
    if start and timestamp:
        raise FormatError("the cosignature of a subtree that does not begin at 0 has no time")
    if not 0 <= start <= end <= MAX_TREE_SIZE or len(root) != HASH_SIZE:
        raise FormatError(f"[{start}, {end}) with a root of {len(root)} bytes is not a subtree")
    return b"".join(
        (
            _LABEL,
            _length_prefixed(name),
            struct.pack(">Q", timestamp),
            _length_prefixed(origin),
            struct.pack(">QQ", start, end),
            root,
        )
    )


def _check_timestamp(timestamp: int) -> None:
    if not 0 <= timestamp <= MAX_TREE_SIZE:  # the specification's bound on times happens to be that on sizes
        raise FormatError(f"a cosignature's time is from 0 to 2^63-1 seconds, not {timestamp}")


def _length_prefixed(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) <= _MAX_NAME_BYTES:
        raise FormatError(f"an ML-DSA-44 cosignature takes names of 1 to {_MAX_NAME_BYTES} bytes, not {len(data)}")
    return bytes([len(data)]) + data
