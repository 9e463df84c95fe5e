"""The text of an API key: ``idl_<id>_<secret>``.

``id`` is 12 characters of ``[a-z0-9]``, public, and what a key is looked up by. ``secret`` is 256 random bits as 43
characters of ``[0-9A-Za-z]``; its SHA-256 is all that is kept. A slow hash would add nothing to 256 random bits, and
would hand a stranger a way to keep the server busy. The prefix lets secret scanners find a leaked key.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

__all__ = ["Token"]

_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12
_SECRET_LENGTH = 43  # 62^43 > 2^256
_TEXT = re.compile(r"idl_([0-9a-z]{12})_([0-9A-Za-z]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API key as its holder has it. Its ``repr`` keeps the secret."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls) -> Token:
        """A new token from the system's randomness."""
        number = int.from_bytes(secrets.token_bytes(32))
        digits = []
        for _ in range(_SECRET_LENGTH):
            number, digit = divmod(number, 62)
            digits.append(_BASE62[digit])
        return cls(id="".join(secrets.choice(_LOWER) for _ in range(_ID_LENGTH)), secret="".join(reversed(digits)))

    @classmethod
    def parse(cls, text: str) -> Token | None:
        """The token that ``text`` is, or ``None``: the caller must not tell a guess how far it came."""
        match = _TEXT.fullmatch(text)
        return None if match is None else cls(id=match[1], secret=match[2])

    @property
    def text(self) -> str:
        """The whole key, to be shown once."""
        return f"idl_{self.id}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """What is stored: SHA-256 of the secret's characters."""
        return hashlib.sha256(self.secret.encode()).digest()
