"""Base64 as C2SP writes it: RFC 4648 section 4, padded, and only in its one canonical spelling.

Refuses what Python's decoder lets pass: unused low bits that are set (``AB==``), surplus padding, other alphabets.
"""

from __future__ import annotations

import binascii

from indelible.errors import FormatError
from indelible.merkle import HASH_SIZE, Hash

__all__ = ["decode", "decode_hash", "encode"]


def encode(data: bytes) -> str:
    """The canonical base64 text of ``data``."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode(text: str) -> bytes:
    """The bytes that ``text`` stands for. Callers bound its length.

    Raises:
        FormatError: not canonical base64.
    """
    try:
        data = binascii.a2b_base64(text)
    except ValueError as error:  # also what is not ASCII
        raise FormatError(f"not base64: {error}") from error
    # The decoder skips what it does not know; comparing finds all of it at once.
    if encode(data) != text:
        raise FormatError("not base64 in its canonical spelling (RFC 4648 section 4, padded)")
    return data


def decode_hash(text: str) -> Hash:
    """The SHA-256 hash that ``text`` stands for.

    Raises:
        FormatError: not canonical base64 of 32 bytes.
    """
    data = decode(text)
    if len(data) != HASH_SIZE:
        raise FormatError(f"a hash has {HASH_SIZE} bytes, not {len(data)}")
    return Hash(data)
