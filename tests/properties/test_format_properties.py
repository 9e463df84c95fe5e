"""Laws of every codec: what is written is read back the same, and what is read would be written the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import FormatError, SignatureError
from indelible.formats import base64, dsse, entry_bundle
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.cosignature import TimestampedSignature
from indelible.formats.decimals import parse_decimal
from indelible.formats.note import Note, NoteSignature, open_note
from indelible.formats.signer import parse_skey
from indelible.formats.tile import Tile, new_tiles, node_from_tile, tiles_for, tiles_of
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.formats.vkey import VerifierKey
from indelible.formats.witness_request import (
    AddCheckpointRequest,
    SignSubtreeRequest,
    encode_signatures,
    encode_size,
    parse_signatures,
    parse_size,
)
from indelible.merkle import frontier_nodes, plan_inclusion, tree_root, verify_inclusion
from tests.properties import c2sp
from tests.unit.merkle.trees import node_hashes, numbered_leaves

if TYPE_CHECKING:
    from collections.abc import Callable

envelopes = st.builds(
    dsse.Envelope,
    payload=st.binary(max_size=60),
    payload_type=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    signatures=st.lists(st.builds(dsse.EnvelopeSignature, st.binary(max_size=70), st.text(c2sp.characters)), min_size=1)
    .map(lambda found: found[:5])
    .map(tuple),
)


def _text(parse: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """A parser of text as one of bytes; bytes that are no UTF-8 become odd text."""
    return lambda data: parse(data.decode("utf-8", "surrogateescape"))


CODECS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    "base64": (st.binary(max_size=70), lambda one: base64.encode(one).encode(), _text(base64.decode)),
    "decimal": (c2sp.sizes, lambda one: b"%d" % one, _text(lambda text: parse_decimal(text, what="number"))),
    "note": (c2sp.notes, Note.encode, Note.parse),
    "signature line": (c2sp.signatures, lambda one: one.encode()[:-1].encode(), _text(NoteSignature.parse)),
    "checkpoint": (c2sp.checkpoints, lambda one: one.text().encode(), _text(Checkpoint.parse)),
    "verifier key": (
        c2sp.names.flatmap(c2sp.vkeys),
        lambda one: one.vkey.encode(),
        _text(VerifierKey.parse),
    ),
    "timestamped signature": (
        st.builds(TimestampedSignature, c2sp.sizes, st.binary(min_size=1, max_size=80)),
        TimestampedSignature.encode,
        TimestampedSignature.parse,
    ),
    "tile path": (c2sp.tiles, lambda one: one.path.encode(), _text(Tile.parse)),
    "bundle path": (
        c2sp.tiles.map(lambda tile: entry_bundle.BundlePath(tile.index, tile.width)),
        lambda one: entry_bundle.bundle_path(*one).encode(),
        _text(entry_bundle.parse_bundle_path),
    ),
    "tlog-proof": (c2sp.tlog_proofs, TlogProof.encode, TlogProof.parse),
    "add-checkpoint": (c2sp.add_checkpoint_requests, AddCheckpointRequest.encode, AddCheckpointRequest.parse),
    "sign-subtree": (c2sp.sign_subtree_requests(), SignSubtreeRequest.encode, SignSubtreeRequest.parse),
    "witness answer": (c2sp.signature_tuples, encode_signatures, parse_signatures),
    "witness size": (c2sp.sizes, encode_size, parse_size),
    "policy": (c2sp.policies(), Policy.encode, Policy.parse),
    "envelope": (envelopes, dsse.Envelope.encode, dsse.Envelope.parse),
}
"""Values, how they are written, how they are read."""

LENIENT = {"policy", "envelope"}
"""Formats that must accept more than one spelling: white space, comments, unknown fields."""


def reads_back(name: str) -> None:
    values, encode, parse = CODECS[name]

    @given(values)
    def law(value: Any) -> None:
        assert parse(encode(value)) == value

    law()


def refuses_or_would_write_the_same(name: str) -> None:
    values, encode, parse = CODECS[name]

    @given(st.binary(max_size=200) | c2sp.damaged(values.map(encode)))
    def law(data: bytes) -> None:
        try:
            value = parse(data)
        except FormatError:
            return
        if name in LENIENT:
            assert parse(encode(value)) == value
        else:
            assert encode(value) == data

    law()


@pytest.mark.parametrize("name", CODECS)
def test_codec_reads_back_what_it_writes(name: str) -> None:
    """parse(encode(x)) == x, for every format."""
    reads_back(name)


@pytest.mark.parametrize("name", CODECS)
def test_codec_refuses_or_would_write_the_same(name: str) -> None:
    """Random and damaged bytes raise FormatError and nothing else, or are what encode gives."""
    refuses_or_would_write_the_same(name)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CODECS)
def test_codec_laws_hold_for_many_more_inputs(name: str) -> None:
    """The two laws again, with the many examples of the nightly profile."""
    reads_back(name)
    refuses_or_would_write_the_same(name)


@given(c2sp.bundles)
def test_entry_bundle_reads_back_what_it_writes(entries: list[bytes]) -> None:
    """All entries, or the first few of them, come back; another number of them does not."""
    data = entry_bundle.encode(entries)
    count = len(entries)
    assert entry_bundle.decode(data, count) == entries
    assert entry_bundle.decode_prefix(data, (count + 1) // 2) == entries[: (count + 1) // 2]
    for other in {count - 1, count + 1, 0}:
        with pytest.raises(FormatError):
            entry_bundle.decode(data, other)


@given(st.binary(max_size=300) | c2sp.damaged(c2sp.bundles.map(entry_bundle.encode)), st.integers(-1, 260))
def test_entry_bundle_refuses_or_would_write_the_same(data: bytes, count: int) -> None:
    """Random and damaged bytes raise FormatError, or are what encode gives."""
    try:
        entries = entry_bundle.decode(data, count)
    except FormatError:
        return
    assert len(entries) == count
    assert entry_bundle.encode(entries) == data


@given(c2sp.checkpoints.filter(lambda one: len(one.origin.encode()) < 256), st.integers(0, 2**63 - 1), c2sp.names)
def test_signers_make_what_verifiers_accept(checkpoint: Checkpoint, timestamp: int, name: str) -> None:
    """Every type of key verifies its own signature through a note, and refuses it under any other text."""
    text = checkpoint.text()
    signers = (c2sp.note_signer(name), c2sp.ed25519_cosigner(name, 1), c2sp.ml_dsa_44_cosigner(name[:60], 2))
    note = Note(text, (signers[0].sign(text), signers[1].sign(text, timestamp), signers[2].sign(text, timestamp)))
    keys = [signer.verifier for signer in signers]
    assert open_note(note.encode(), keys).verified == note.signatures
    other = Checkpoint(origin=checkpoint.origin, size=checkpoint.size ^ 1, root=checkpoint.root).text()
    for key, signature in zip(keys, note.signatures, strict=True):
        with pytest.raises(SignatureError):
            key.verify(other, signature.signature)
    for signer in signers:
        assert parse_skey(signer.skey).verifier == signer.verifier


@given(c2sp.checkpoints, st.data())
def test_open_note_refuses_a_damaged_signature(checkpoint: Checkpoint, data: st.DataObject) -> None:
    """One flipped bit in a known key's signature rejects the whole note, whoever else has signed it."""
    text = checkpoint.text()
    log, witness = c2sp.note_signer("log"), c2sp.ed25519_cosigner("witness")
    cosigned = witness.sign(text, 1_700_000_000)
    bit = data.draw(st.integers(0, 8 * len(cosigned.signature) - 1))
    flipped = bytearray(cosigned.signature)
    flipped[bit // 8] ^= 1 << bit % 8
    note = Note(text, (log.sign(text), NoteSignature("witness", cosigned.key_id, bytes(flipped))))
    with pytest.raises(SignatureError):
        open_note(note, [log.verifier, witness.verifier])
    assert open_note(note, [log.verifier]).unknown == note.signatures[1:]


@given(st.integers(1, 2_000), st.data())
def test_tiles_hold_every_node_of_a_proof(size: int, data: st.DataObject) -> None:
    """Tiles made for a size, read back through tiles_for and node_from_tile, give a proof that verifies."""
    index = data.draw(st.integers(0, size - 1))
    leaves = numbered_leaves(2_000)[:size]
    plan = plan_inclusion(index, size)
    found = {}
    existing = set(tiles_of(size))
    for tile, nodes in tiles_for(plan.nodes, size).items():
        assert tile in existing
        first = tile.index * 256
        span = 256**tile.level
        stored = [tree_root(leaves[at * span : (at + 1) * span]) for at in range(first, first + tile.width)]
        found.update({node: node_from_tile(node, tile, b"".join(stored)) for node in nodes})
    assert found == node_hashes(plan.nodes, leaves)
    proof = plan.finish(found)
    verify_inclusion(index=index, size=size, leaf=leaves[index], proof=proof, root=tree_root(leaves))


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_new_tiles_are_those_that_the_smaller_tree_has_not(one: int, other: int) -> None:
    """What is new at a size and what was there before are together all that the size needs."""
    old, new = min(one, other), max(one, other)
    before = set(tiles_of(old))
    assert list(new_tiles(old, new)) == [tile for tile in tiles_of(new) if tile not in before]


@given(c2sp.sizes)
def test_tiles_for_finds_the_frontier_of_any_tree(size: int) -> None:
    """Every node of a frontier lies in a tile that the tree has, of the width that it has there."""
    nodes = frontier_nodes(size)
    found = tiles_for(nodes, size)
    assert sorted(node for held in found.values() for node in held) == sorted(nodes)
    for tile in found:
        assert tile.width == min((size >> 8 * tile.level) - tile.index * 256, 256)


json_fields = st.sampled_from(["payload", "payloadType", "signatures", "sig", "keyid", "x"])
json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.dictionaries(json_fields, inner | st.lists(inner, max_size=3), max_size=4),
    max_leaves=10,
)


@given(json_documents)
def test_envelope_refuses_other_json(document: Any) -> None:
    """JSON of another shape raises FormatError and nothing else."""
    try:
        dsse.Envelope.parse(json.dumps(document).encode())
    except FormatError:
        return
    assert set(document) >= {"payload", "payloadType", "signatures"}
