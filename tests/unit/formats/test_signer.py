"""Those who sign, and the text form of their keys."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import FormatError
from indelible.formats.note import Note, open_note
from indelible.formats.signer import parse_skey
from indelible.formats.vkey import VerifierKey
from tests.unit.formats import cast
from tests.vectors.load import vectors

VECTORS = vectors("note")
SIGNED = {case["name"]: case for case in VECTORS["notes"]}
CHECKPOINT = SIGNED["log signature plus Ed25519 cosignature"]
SKEY = cast.KEYS["log ed25519"]["skey"]


@pytest.mark.parametrize("case", VECTORS["keys"], ids=lambda case: case["label"])
def test_parse_skey_reads_the_vectors(case: dict[str, Any]) -> None:
    """Each signer has the published verifier key, and writes its secret again to the character."""
    signer = parse_skey(case["skey"])
    assert signer.verifier.vkey == case["vkey"]
    assert signer.skey == case["skey"]
    assert signer.private_key.private_bytes_raw().hex() == case["seed_hex"]


def test_parse_skey_reads_the_published_example() -> None:
    """The key that Go's documentation prints."""
    example = next(case for case in VECTORS["published"] if "skey" in case)
    assert parse_skey(example["skey"]).verifier == VerifierKey.parse(example["vkey"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        SKEY.removeprefix("PRIVATE+"),
        SKEY.replace("e4ed2d4e", "00000000"),
        SKEY.replace("e4ed2d4e", "E4ED2D4E"),
        SKEY[:-4],
        SKEY.replace("+AdBg", "+ZdBg"),
        SKEY.replace("log.example", "log example"),
        "PRIVATE+KEY+name",
        SKEY + "A" * 5_000,
    ],
)
def test_parse_skey_refuses_and_does_not_show_the_key(text: str) -> None:
    """Every way to be wrong is refused, and no message holds any of the secret."""
    with pytest.raises(FormatError) as refused:
        parse_skey(text)
    assert "dBgzybz" not in str(refused.value)


def test_signers_do_not_show_their_keys() -> None:
    """What is logged by accident holds no secret."""
    for signer in (cast.log(), cast.witness(), cast.ml_dsa_44_witness()):
        assert "private_key" not in repr(signer)


def test_ed25519_signers_reproduce_the_vectors() -> None:
    """Ed25519 is deterministic: signing the same text, at the same time, gives the published note to the byte."""
    text = CHECKPOINT["text"]
    note = Note(text, (cast.log().sign(text), cast.witness().sign(text, CHECKPOINT["timestamp"])))
    assert note.encode() == CHECKPOINT["note"].encode()


def test_ml_dsa_44_cosigner_signs_what_its_key_verifies() -> None:
    """Signatures differ each time, and verify."""
    text, cosigner = CHECKPOINT["text"], cast.ml_dsa_44_witness()
    signatures = {cosigner.sign(text, cast.TIME) for _ in range(2)}
    assert len(signatures) == 2
    for signature in signatures:
        open_note(Note(text, (signature,)), [cosigner.verifier])
    subtree = cosigner.sign_subtree(origin=cast.ORIGIN, start=4, end=8, root=bytes(32))
    cosigner.verifier.verify_subtree(subtree.signature, origin=cast.ORIGIN, start=4, end=8, root=bytes(32))


@pytest.mark.parametrize("timestamp", [-1, 2**63])
def test_cosigners_refuse_times_out_of_range(timestamp: int) -> None:
    """A time is from 0 to 2^63-1 seconds."""
    for cosigner in (cast.witness(), cast.ml_dsa_44_witness()):
        with pytest.raises(FormatError, match="time"):
            cosigner.sign(CHECKPOINT["text"], timestamp)


def test_cosigners_sign_checkpoints_only() -> None:
    """A text that is no checkpoint is not cosigned."""
    for cosigner in (cast.witness(), cast.ml_dsa_44_witness()):
        with pytest.raises(FormatError):
            cosigner.sign("just a text\n", cast.TIME)


def test_signers_refuse_names_that_are_none() -> None:
    """A key with an impossible name is not made."""
    for signer in (cast.log(), cast.witness(), cast.ml_dsa_44_witness()):
        with pytest.raises(FormatError, match="key name"):
            type(signer)("a+b", signer.private_key)  # type: ignore[arg-type]  # the pairs of type and key do match
