"""The lines of a C2SP tlog-policy file, before they have a meaning: octets, white space, comments.

Only space and tab separate fields, and octets above 0x7F are opaque, so the meaning of a policy depends on no version
of Unicode. Fields are text with surrogate escapes: what is UTF-8 reads as such, and all of it can be written again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indelible.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_POLICY_BYTES", "check_field", "decode_lines", "encode_lines"]

MAX_POLICY_BYTES: Final = 1_000_000

_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS: Final = re.compile(r"[ \t]+")
_FIELD: Final = re.compile(r"[^\x00-\x20\x7f\ud800-\udc7f\udd00-\udfff]+")


def check_field(text: str) -> None:
    """Refuse what cannot be one field of a line.

    Raises:
        FormatError: empty, or with white space or a control character.
    """
    if not _FIELD.fullmatch(text):
        raise FormatError(f"a field of a policy has no white space and no control character: {text[:80]!r}")


def decode_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Line number, from 1, and fields of every line that is neither empty nor a comment.

    Raises:
        FormatError: too large, with a control character other than tab and newline, or a last line that does not end.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise FormatError(f"a policy has at most {MAX_POLICY_BYTES} bytes, not {len(data)}")
    forbidden = _FORBIDDEN.search(data)
    if forbidden is not None:
        line = data.count(b"\n", 0, forbidden.start()) + 1
        raise FormatError(f"line {line}: a policy has no control characters but tab and newline (no CR LF either)")
    if data and not data.endswith(b"\n"):
        raise FormatError("the last line of a policy ends with a newline")
    return _fields(data.decode("utf-8", "surrogateescape").split("\n"))


def _fields(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        content = line.strip(" \t")
        if content and not content.startswith("#"):
            yield number, _BLANKS.split(content)


def encode_lines(lines: Iterable[Iterable[str]]) -> bytes:
    """The bytes of these lines of fields."""
    return "".join(" ".join(fields) + "\n" for fields in lines).encode("utf-8", "surrogateescape")
