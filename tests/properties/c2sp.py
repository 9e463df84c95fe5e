"""Hypothesis strategies for values of the C2SP formats, and ways to damage their bytes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import strategies as st

from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import KeyId, Note, NoteSignature
from indelible.formats.policy_members import Group, LogKey, Witness
from indelible.formats.signer import Ed25519Cosigner, MLDSA44Cosigner, NoteSigner
from indelible.formats.tile import Tile
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.formats.vkey import SignatureType
from indelible.formats.witness_request import AddCheckpointRequest, SignSubtreeRequest
from indelible.merkle import MAX_TREE_SIZE, Hash

if TYPE_CHECKING:
    from indelible.formats.vkey import VerifierKey

characters = st.characters(exclude_categories=["Cs"], min_codepoint=0x20)
lines = st.text(characters, min_size=1, max_size=40)
names = lines.map(lambda text: "".join(text.split()).replace("+", "")).filter(bool)
sizes = st.integers(0, MAX_TREE_SIZE) | st.integers(0, 1000)
hashes = st.binary(min_size=32, max_size=32).map(Hash)
proofs = st.lists(hashes, max_size=63).map(tuple)

signatures = st.builds(
    NoteSignature, names, st.binary(min_size=4, max_size=4).map(KeyId), st.binary(min_size=1, max_size=100)
)
signature_tuples = st.lists(signatures, min_size=1, max_size=8).map(tuple)
texts = st.lists(st.text(characters, max_size=30), min_size=1, max_size=6).map(lambda found: "\n".join(found) + "\n")
notes = st.builds(Note, texts, signature_tuples)

checkpoints = st.builds(
    Checkpoint, origin=lines, size=sizes, root=hashes, extensions=st.lists(lines, max_size=3).map(tuple)
)
signed_checkpoints = st.builds(lambda one, found: Note(one.text(), found), checkpoints, signature_tuples)

tiles = st.builds(Tile, st.integers(0, 63), st.integers(0, 2**55 - 1) | st.integers(0, 2000), st.integers(1, 256))
bundles = st.lists(st.binary(max_size=60), min_size=1, max_size=256)

tlog_proofs = st.builds(
    TlogProof,
    index=st.integers(0, MAX_TREE_SIZE - 1),
    hashes=proofs,
    checkpoint=signed_checkpoints.map(Note.encode),
    extra=st.none() | st.binary(max_size=100),
)
add_checkpoint_requests = st.builds(AddCheckpointRequest, old_size=sizes, proof=proofs, note=signed_checkpoints)


@st.composite
def sign_subtree_requests(draw: st.DrawFn) -> SignSubtreeRequest:
    height = draw(st.integers(0, 20))
    start = draw(st.integers(0, 1000)) << height
    end = draw(st.integers(start + 1, start + (1 << height)))
    checkpoint = Checkpoint(origin=draw(lines), size=draw(st.integers(end, MAX_TREE_SIZE)), root=draw(hashes))
    note = Note(checkpoint.text(), draw(signature_tuples))
    return SignSubtreeRequest(start=start, end=end, subtree_root=draw(hashes), proof=draw(proofs), note=note)


@cache
def note_signer(name: str, number: int = 0) -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(b"note signer %020d" % number))


@cache
def ed25519_cosigner(name: str, number: int = 0) -> Ed25519Cosigner:
    return Ed25519Cosigner(name, Ed25519PrivateKey.from_private_bytes(b"cosigner %023d" % number))


@cache
def ml_dsa_44_cosigner(name: str, number: int = 0) -> MLDSA44Cosigner:
    return MLDSA44Cosigner(name, MLDSA44PrivateKey.from_seed_bytes(b"cosigner %023d" % number))


def vkeys(name: str, number: int = 0) -> st.SearchStrategy[VerifierKey]:
    """A key of any type with this name; another number gives another key."""
    return st.sampled_from(
        [
            note_signer(name, number).verifier,
            ed25519_cosigner(name, number).verifier,
            ml_dsa_44_cosigner(name, number).verifier,
        ]
    )


urls = st.none() | st.sampled_from(["https://log.example/", "http://ä.example/~x#y", "#"])
policy_names = st.binary(min_size=1, max_size=12).map(
    lambda found: bytes(octet for octet in found if octet > 0x20 and octet != 0x7F).decode("utf-8", "surrogateescape")
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A valid policy: groups only refer to what stands before them, and nobody is a member twice."""
    logs = [LogKey(draw(vkeys(f"log-{number}", number)), draw(urls)) for number in range(draw(st.integers(0, 3)))]
    usable = policy_names.filter(lambda name: name not in {"", "none"})
    chosen = draw(st.lists(usable, unique=True, max_size=8))
    free: list[str] = []
    witnesses: list[Witness] = []
    groups: list[Group] = []
    for number, name in enumerate(chosen):
        is_group = draw(st.booleans())
        if free and is_group:
            members = draw(st.lists(st.sampled_from(tuple(free)), min_size=1, unique=True))
            free = [one for one in free if one not in members]
            groups.append(Group(name, draw(st.integers(1, len(members))), tuple(members)))
        else:
            key = draw(vkeys(f"witness-{number}", number).filter(lambda one: one.kind is not SignatureType.ED25519))
            witnesses.append(Witness(name, key, draw(urls)))
        free.append(name)
    quorum = draw(st.none() | st.sampled_from(chosen)) if chosen else None
    return Policy(logs=tuple(logs), witnesses=tuple(witnesses), groups=tuple(groups), quorum=quorum)


@st.composite
def damaged(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were good until some were cut out, doubled, put in or changed."""
    data = draw(good)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 4))
        patch = draw(st.sampled_from([b"", b"\n", b" ", b"\n\n", b"=", b"+", b"0", b"\xff", data[at : at + 4] * 2]))
        data = data[:at] + patch + data[at + length :]
    return data
