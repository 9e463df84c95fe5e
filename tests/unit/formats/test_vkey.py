"""Verifier keys: C2SP signed-note, "Verifier keys"."""

from __future__ import annotations

from typing import Any

import pytest

from indelible.errors import FormatError, SignatureError
from indelible.formats import base64
from indelible.formats.note import NoteSignature
from indelible.formats.vkey import SignatureType, VerifierKey
from tests.unit.formats import cast
from tests.vectors.load import vectors

VECTORS = vectors("note")
SUBTREES = VECTORS["mldsa44_subtree"]
ROOT = bytes.fromhex("96a5a87ed7ac60e0c1b3dbd8d68227ee37e2971a9269db7e93a2a02ced3f7160")


@pytest.mark.parametrize("case", VECTORS["keys"], ids=lambda case: case["label"])
def test_verifier_key_reads_and_writes_the_vectors(case: dict[str, Any]) -> None:
    """Name, type, ID and key are those of the vector, and the text is written again to the character."""
    key = VerifierKey.parse(case["vkey"])
    assert (key.name, f"{key.kind:#04x}", key.key_id.hex()) == (
        case["name"],
        case["signature_type"],
        case["key_id_hex"],
    )
    assert key.vkey == case["vkey"]


@pytest.mark.parametrize("case", VECTORS["same_key_two_types"]["values"], ids=lambda case: case["type"])
def test_verifier_key_id_commits_to_the_type(case: dict[str, Any]) -> None:
    """One Ed25519 key has another ID under each type."""
    assert VerifierKey.parse(case["vkey"]).key_id.hex() == case["key_id_hex"]


@pytest.mark.parametrize("case", VECTORS["bad_vkeys"], ids=lambda case: case["why"])
def test_verifier_key_refuses_the_bad_vectors(case: dict[str, Any]) -> None:
    """Wrong IDs, upper case, missing parts, short keys, bad names, unknown types."""
    with pytest.raises(FormatError):
        VerifierKey.parse(case["vkey"])


@pytest.mark.parametrize("text", ["", "++", "name+00000000+", "name+00000000+" + "A" * 5_000])
def test_verifier_key_refuses_what_is_none(text: str) -> None:
    """Empty parts and endless ones."""
    with pytest.raises(FormatError):
        VerifierKey.parse(text)


def test_verifier_key_has_the_length_of_its_type() -> None:
    """32 bytes of Ed25519, 1,312 of ML-DSA-44; nothing in between comes into being."""
    for kind in SignatureType:
        with pytest.raises(FormatError, match=f"{kind.public_key_size} bytes"):
            VerifierKey("name", kind, bytes(kind.public_key_size - 1))


@pytest.mark.parametrize(
    "case", [one for one in SUBTREES["cases"] if one["signature_line"]], ids=lambda one: f"{one['start']}-{one['end']}"
)
def test_verify_subtree_accepts_the_vectors(case: dict[str, Any]) -> None:
    """A published subtree cosignature verifies for its range and root, and for no other."""
    key = cast.ml_dsa_44_witness().verifier
    signature = NoteSignature.parse(case["signature_line"].removesuffix("\n")).signature
    good: dict[str, Any] = {
        "origin": SUBTREES["log_origin"],
        "start": case["start"],
        "end": case["end"],
        "root": bytes.fromhex(case["hash_hex"]),
    }
    key.verify_subtree(signature, **good)
    for change in ({"origin": "other"}, {"end": case["end"] - 1}, {"root": bytes(32)}, {"origin": "x" * 256}):
        with pytest.raises(SignatureError):
            key.verify_subtree(signature, **{**good, **change})


def test_verify_subtree_refuses_what_was_not_signed_as_one() -> None:
    """A timestamped cosignature of a whole checkpoint, a blob without signature, a key that signs no subtrees."""
    cosigner = cast.ml_dsa_44_witness()
    text = f"{cast.ORIGIN}\n13\n{base64.encode(ROOT)}\n"
    timestamped = cosigner.sign(text, cast.TIME).signature
    untimed = cosigner.sign(text, 0).signature
    tree: dict[str, Any] = {"origin": cast.ORIGIN, "start": 0, "end": 13, "root": ROOT}
    cosigner.verifier.verify_subtree(untimed, **tree)
    with pytest.raises(SignatureError, match="has a time"):
        cosigner.verifier.verify_subtree(timestamped, **tree)
    with pytest.raises(SignatureError, match="cannot be one"):
        cosigner.verifier.verify_subtree(b"short", **tree)
    with pytest.raises(SignatureError, match="signs no subtrees"):
        cast.witness().verifier.verify_subtree(untimed, **tree)


@pytest.mark.parametrize("signature", [b"", b"x", bytes(8), bytes(63), bytes(64), bytes(72), bytes(2428)])
def test_verifier_key_refuses_blobs_of_any_length(signature: bytes) -> None:
    """Whatever stands where a signature should, the answer is a SignatureError."""
    text = f"{cast.ORIGIN}\n13\n{base64.encode(ROOT)}\n"
    for signer in (cast.log(), cast.witness(), cast.ml_dsa_44_witness()):
        with pytest.raises(SignatureError):
            signer.verifier.verify(text, signature)


def test_verifier_key_of_a_cosigner_verifies_checkpoints_only() -> None:
    """Under a text that is no checkpoint there is nothing that a cosigner could have said."""
    blob = cast.witness().sign(f"{cast.ORIGIN}\n13\n{base64.encode(ROOT)}\n", cast.TIME).signature
    with pytest.raises(SignatureError, match="cannot be one"):
        cast.witness().verifier.verify("just a text\n", blob)
