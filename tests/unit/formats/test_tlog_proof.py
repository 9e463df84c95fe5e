"""Proof files: C2SP tlog-proof."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from indelible.errors import FormatError, ProofError, SignatureError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import MAX_EXTRA_BYTES, MAX_PROOF_BYTES, TlogProof
from indelible.merkle import Hash, leaf_hash, tree_root, verify_inclusion
from tests.unit.formats import cast
from tests.unit.merkle.trees import numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("witness")
CASES = VECTORS["tlog_proof"]
LOG_ONLY = Policy.for_log(VECTORS["log_vkey"])
WITH_WITNESS = Policy.for_log(VECTORS["log_vkey"], VECTORS["witness_vkey"])
TEXT: str = CASES[0]["text"]
PROOF = TlogProof.parse(TEXT.encode())
HASH_LINE = TEXT.split("\n")[2]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.get("why", "plain"))
def test_tlog_proof_verifies_the_vectors(case: dict[str, Any]) -> None:
    """Each file is written again to the byte, and proves its entry."""
    proof = TlogProof.parse(case["text"].encode())
    entry = case["entry_utf8"].encode()
    assert proof.encode() == case["text"].encode()
    proof.verify(entry, LOG_ONLY)
    proof.verify_leaf(leaf_hash(entry), LOG_ONLY)


def test_tlog_proof_says_what_it_was_verified_against() -> None:
    """The checkpoint, and who has cosigned it when."""
    result = PROOF.verify(b"entry-5", WITH_WITNESS)
    assert (result.checkpoint.origin, result.checkpoint.size) == (cast.ORIGIN, 13)
    assert [(one.witness.key.name, one.timestamp) for one in result.witnesses] == [("witness.example/w1", cast.TIME)]


def test_tlog_proof_demands_what_the_policy_demands() -> None:
    """A missing cosignature, and a log that is not believed, are not made up for by a right path."""
    uncosigned = TlogProof.parse(CASES[2]["text"].encode())
    with pytest.raises(SignatureError, match="quorum"):
        uncosigned.verify(b"entry-0", WITH_WITNESS)
    with pytest.raises(SignatureError):
        PROOF.verify(b"entry-5", Policy.for_log(cast.log("other ed25519").verifier.vkey))


def test_tlog_proof_proves_one_entry_at_one_index() -> None:
    """Another entry, another index, another path: none of them leads to the root."""
    with pytest.raises(ProofError):
        PROOF.verify(b"entry-6", LOG_ONLY)
    with pytest.raises(ProofError):
        PROOF.verify_leaf(b"entry-5", LOG_ONLY)
    for wrong in (replace(PROOF, index=4), replace(PROOF, index=13), replace(PROOF, hashes=PROOF.hashes[1:])):
        with pytest.raises(ProofError):
            wrong.verify(b"entry-5", LOG_ONLY)


def test_tlog_proof_takes_the_size_from_the_checkpoint() -> None:
    """A proof that would verify at index 4 of 5 is refused under a checkpoint of 3 leaves, where it proves index 2."""
    leaves = numbered_leaves(3)
    text = Checkpoint(origin=cast.ORIGIN, size=3, root=tree_root(leaves)).text()
    note = Note(text, (cast.log().sign(text),)).encode()
    proof = TlogProof(index=2, hashes=(tree_root(leaves[:2]),), checkpoint=note)
    proof.verify(b"entry-2", LOG_ONLY)
    verify_inclusion(index=4, size=5, leaf=leaves[2], proof=proof.hashes, root=tree_root(leaves))
    with pytest.raises(ProofError, match="no leaf 4"):
        replace(proof, index=4).verify(b"entry-2", LOG_ONLY)


def test_tlog_proof_carries_extra_data_unauthenticated() -> None:
    """It travels along, and changes nothing about what is proven."""
    extra = TlogProof.parse(CASES[1]["text"].encode())
    assert extra.extra == b"entry-5"
    replace(extra, extra=b"something else").verify(b"entry-5", LOG_ONLY)
    assert TlogProof.parse(replace(PROOF, extra=b"").encode()).extra == b""


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("index 5", "index 05"),
        ("index 5", "index -5"),
        ("index 5", "index 9223372036854775807"),
        ("index 5", "Index 5"),
        ("index 5\n", ""),
        ("index 5", "index 5\nextra AAAA"),
        ("index 5", "extra AAAA\nextra AAAA\nindex 5"),
        ("index 5", "extra AAB=\nindex 5"),
        ("index 5", "extra\nindex 5"),
        ("index 5", "índex 5"),
        (HASH_LINE, HASH_LINE[:-4]),
        (HASH_LINE, HASH_LINE + " "),
        (HASH_LINE, HASH_LINE + "\r"),
        (HASH_LINE, "\n".join([HASH_LINE] * 61)),
        ("\n\n", "\n"),
        ("\n13\n", "\n013\n"),
        ("\n13\n", "\n"),
    ],
)
def test_tlog_proof_refuses_what_is_malformed(good: str, bad: str) -> None:
    """Header, numbers, order, base64, 64 hashes, a missing empty line, a checkpoint that is none."""
    assert good in TEXT
    with pytest.raises(FormatError):
        TlogProof.parse(TEXT.replace(good, bad, 1).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 2**63 - 1},
        {"hashes": (Hash(bytes(31)),)},
        {"hashes": (Hash(bytes(32)),) * 64},
        {"extra": bytes(MAX_EXTRA_BYTES + 1)},
        {"checkpoint": b"no note"},
        {"checkpoint": b"no checkpoint\n\n" + PROOF.checkpoint.split(b"\n\n")[1]},
    ],
)
def test_tlog_proof_cannot_hold_what_could_not_be_read(change: dict[str, Any]) -> None:
    """A value that would not survive being written does not come into being."""
    with pytest.raises(FormatError):
        replace(PROOF, **change)


def test_tlog_proof_keeps_lines_that_other_readers_can_take() -> None:
    """The longest extra line stays below 64 KiB; more than a proof can be is not looked at."""
    longest = replace(PROOF, extra=bytes(MAX_EXTRA_BYTES)).encode()
    assert max(map(len, longest.split(b"\n"))) < 65_536
    assert TlogProof.parse(longest).extra == bytes(MAX_EXTRA_BYTES)
    with pytest.raises(FormatError, match="at most"):
        TlogProof.parse(bytes(MAX_PROOF_BYTES + 1))
