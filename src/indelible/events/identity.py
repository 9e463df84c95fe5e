"""Event ids: UUIDv7 (RFC 9562, section 5.7), read strictly and made in batches.

========  ===========================
bits      field
========  ===========================
48        Unix time in milliseconds
4         version, ``0111``
12        ``rand_a``
2         variant, ``10``
62        ``rand_b``
========  ===========================

Ids made in one batch count up by one, so that they sort as they were made (section 6.2). They are names, not secrets,
and say when they were made; the order of a log is that of its indices, never that of its ids.

Ids of imported events are derived from what names the event at its source, so that importing it twice adds nothing.
No clock and no source of randomness is read here.
"""

from __future__ import annotations

import hashlib
import re
import struct
from binascii import Error as NotHex
from binascii import hexlify, unhexlify
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ID_LENGTH", "foreign_id", "new_ids", "normalise_id", "pack_id", "pack_ids", "unpack_id"]

ID_LENGTH = 36

_GRAMMAR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_VARIANTS = frozenset(b"89ab")
_COUNTER_LIMIT = 2**48
_PACKED = struct.Struct("16s")


def normalise_id(text: str) -> str:
    """The lower-case form of a UUIDv7; RFC 9562, section 4, has readers take either case.

    Raises:
        ValueError: for anything else: braces, the URN form, missing hyphens, other versions, nil and max.
    """
    if _GRAMMAR.fullmatch(text) is None:
        raise ValueError("expected a UUID of version 7, such as 017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    return text.lower()


def pack_id(text: str) -> bytes:
    """The 16 bytes of a UUIDv7 text.

    Raises:
        ValueError: as :func:`normalise_id`.
    """
    return bytes.fromhex(normalise_id(text).replace("-", ""))


def unpack_id(packed: bytes) -> str:
    """The text of 16 bytes."""
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def pack_ids(texts: Sequence[str]) -> list[bytes] | None:
    """The 16 bytes of each UUIDv7, all of them in lower case; ``None`` when any is something else.

    Looks at all texts at once, an order of magnitude faster than one after another.
    """
    count = len(texts)
    try:
        joined = "".join(texts).encode("ascii")
        digits = joined.translate(None, b"-")
        packed = unhexlify(digits)
    except (ValueError, NotHex):
        return None
    hyphens = b"-" * count
    if (
        not {ID_LENGTH}.issuperset(map(len, texts))
        or len(packed) != 16 * count
        or any(joined[place::ID_LENGTH] != hyphens for place in (8, 13, 18, 23))
        or joined[14::ID_LENGTH] != b"7" * count
        or not _VARIANTS.issuperset(joined[19::ID_LENGTH])
        or hexlify(packed) != digits  # encodes again: an upper-case digit shows here
    ):
        return None
    return [one for (one,) in _PACKED.iter_unpack(packed)]


def new_ids(count: int, milliseconds: int, random: Callable[[int], bytes]) -> list[str]:
    """``count`` new ids of the time ``milliseconds`` since 1970, in ``[0, 2**48)``, in ascending order.

    ``random`` gives that many unpredictable bytes; ten are taken, however many ids are made.
    """
    seed = random(10)
    rand_a = int.from_bytes(seed[:2], "big") & 0xFFF
    variant = int.from_bytes(seed[2:4], "big") & 0x3FFF | 0x8000
    first = int.from_bytes(seed[4:], "big") % (_COUNTER_LIMIT - count)
    time = f"{milliseconds:012x}"
    prefix = f"{time[:8]}-{time[8:]}-7{rand_a:03x}-{variant:04x}-"
    return [f"{prefix}{counter:012x}" for counter in range(first, first + count)]


def foreign_id(*, origin: str, format: str, source: str, id: str, milliseconds: int | None) -> str:  # noqa: A002
    """The id of an imported event, always the same for the same log, format, source and foreign id.

    The UUID is the first 16 bytes of SHA-256 over the four texts, each as UTF-8 after its length (8 bytes, big-endian)
    with version and variant set; ``milliseconds``, the foreign time, takes the place of the first 6 where known.
    """
    digest = hashlib.sha256()
    for text in (origin, format, source, id):
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    packed = bytearray(digest.digest()[:16])
    if milliseconds is not None:
        packed[:6] = milliseconds.to_bytes(6, "big")
    packed[6] = packed[6] & 0x0F | 0x70
    packed[8] = packed[8] & 0x3F | 0x80
    return unpack_id(bytes(packed))
