"""The text of an API key."""

from __future__ import annotations

import hashlib

import pytest

from indelible.access.token import Token


def test_generate_makes_what_parse_reads() -> None:
    """A new token is of the documented form, and reading it gives it back."""
    tokens = [Token.generate() for _ in range(200)]
    for token in tokens:
        assert Token.parse(token.text) == token
        prefix, key_id, secret = token.text.split("_")
        assert (prefix, len(key_id), len(secret)) == ("idl", 12, 43)
    assert len({token.id for token in tokens}) == len({token.secret for token in tokens}) == 200


def test_generate_keeps_256_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is a one-to-one writing of 32 random bytes: the largest fits, and two that differ in a bit differ."""
    secrets = []
    for drawn in (b"\xff" * 32, b"\xff" * 31 + b"\xfe", bytes(32)):
        monkeypatch.setattr("secrets.token_bytes", lambda _, drawn=drawn: drawn)
        secrets.append(Token.generate().secret)
    assert len(set(secrets)) == 3
    assert secrets[2] == "0" * 43


def test_digest_is_sha256_of_the_secret() -> None:
    """What is stored can be recomputed with any tool from the last part of the key."""
    token = Token.generate()
    assert token.digest == hashlib.sha256(token.text.split("_")[2].encode()).digest()


def test_repr_keeps_the_secret() -> None:
    """A token that ends in a log by mistake does not give itself away."""
    token = Token.generate()
    assert token.secret not in repr(token)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "idl",
        "idl__",
        "idl_" + "a" * 12 + "_" + "A" * 42,
        "idl_" + "a" * 12 + "_" + "A" * 44,
        "idl_" + "a" * 11 + "_" + "A" * 43,
        "idl_" + "A" * 12 + "_" + "A" * 43,
        "IDL_" + "a" * 12 + "_" + "A" * 43,
        "idl_" + "a" * 12 + "_" + "A" * 42 + "-",
        "idl_" + "a" * 12 + "_" + "A" * 42 + "\u0661",
        "idl_" + "a" * 12 + "_" + "A" * 43 + "\n",
        " idl_" + "a" * 12 + "_" + "A" * 43,
    ],
)
def test_parse_refuses_everything_else(text: str) -> None:
    """Only the exact form is a token."""
    assert Token.parse(text) is None
