"""Base64 in its one canonical spelling."""

from __future__ import annotations

import pytest

from indelible.errors import FormatError
from indelible.formats import base64


@pytest.mark.parametrize(
    ("data", "text"), [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xff\xfe", "//4=")]
)
def test_base64_is_rfc_4648_section_4(data: bytes, text: str) -> None:
    """The examples of the RFC, both ways."""
    assert base64.encode(data) == text
    assert base64.decode(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "Zh==",
        "Zm9=",
        "AAAA====",
        "Zg",
        "Zg=",
        "Z",
        "=",
        "Zg==\n",
        " Zg==",
        "Zg==Zg==",
        "Zm-_",
        "Zm\u00e4v",
        "Zm9v\x00",
        "\udc80",
    ],
)
def test_base64_refuses_every_other_spelling(text: str) -> None:
    """Low bits set, surplus or missing padding, white space, other alphabets: none of them decodes."""
    with pytest.raises(FormatError):
        base64.decode(text)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_base64_decode_hash_takes_32_bytes(size: int) -> None:
    """A hash of another length is none."""
    assert base64.decode_hash(base64.encode(bytes(32))) == bytes(32)
    with pytest.raises(FormatError, match="32 bytes"):
        base64.decode_hash(base64.encode(bytes(size)))
