"""Go's checksum database code, golang.org/x/mod/sumdb, verifies what we make, and makes what we verify.

It knows Ed25519 note signatures (0x01), trees, proofs and tiles. Cosignatures of type 0x04 and 0x06 are to it lines of
unknown keys, which it has to leave in peace.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from indelible.errors import FormatError, ProofError, SignatureError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note, open_note
from indelible.formats.signer import NoteSigner, parse_skey
from indelible.formats.tile import TILE_WIDTH, Tile, node_from_tile, tiles_for, tiles_of
from indelible.formats.vkey import SignatureType, VerifierKey
from indelible.merkle import (
    Hash,
    Node,
    complete_subtree_root,
    plan_consistency,
    plan_inclusion,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.interop.go_program import GoProgram, Refused
from tests.unit.formats import cast
from tests.unit.merkle.trees import numbered_leaves
from tests.vectors.load import vectors

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.xdist_group("go")

SIZES = [1, 2, 255, 256, 257, 700, 66_000]
"""Around each edge of a tile, and one with a full tile at level 1."""


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> GoProgram:
    return GoProgram.build(tmp_path_factory.mktemp("go"))


def selection(size: int) -> list[int]:
    """Indices at the edges of the tree and of its tiles."""
    wanted = {0, 1, 2, 254, 255, 256, 257, 511, 512, 65_535, 65_536, size // 2, size // 3, size - 2, size - 1}
    return sorted(index for index in wanted if 0 <= index < size)


def make_tiles(size: int) -> dict[str, bytes]:
    levels: list[tuple[Hash, ...]] = [numbered_leaves(size)]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        starts = range(0, len(below) - TILE_WIDTH + 1, TILE_WIDTH)
        levels.append(tuple(complete_subtree_root(below[start : start + TILE_WIDTH]) for start in starts))
    return {tile.path: b"".join(levels[tile.level][tile.index * TILE_WIDTH :][: tile.width]) for tile in tiles_of(size)}


def from_tiles(nodes: Iterable[Node], size: int, tiles: dict[str, bytes]) -> dict[Node, Hash]:
    return {
        node: node_from_tile(node, tile, tiles[tile.path])
        for tile, held in tiles_for(nodes, size).items()
        for node in held
    }


def tree_task(size: int) -> dict[str, Any]:
    """A whole log as we would publish it: tiles, and proofs made from them."""
    tiles = make_tiles(size)
    records, olds = [], []
    for index in selection(size):
        plan = plan_inclusion(index, size)
        proof = plan.finish(from_tiles(plan.nodes, size, tiles))
        records.append({"Index": index, "Entry": b"entry-%d" % index, "Proof": proof})
    for old in (index + 1 for index in selection(size)):
        consistency = plan_consistency(old, size)
        proof = consistency.finish(from_tiles(consistency.nodes, size, tiles))
        olds.append({"Size": old, "Root": tree_root(numbered_leaves(size)[:old]), "Proof": proof})
    return {"Size": size, "Root": tree_root(numbered_leaves(size)), "Tiles": tiles, "Records": records, "Olds": olds}


@pytest.mark.parametrize("size", SIZES)
def test_go_verifies_our_tiles_and_proofs(go: GoProgram, size: int) -> None:
    """It authenticates every tile that it needs, accepts each proof, and makes the same proof from our tiles."""
    task = tree_task(size)
    assert go.run("tree", **task) == {"records": len(task["Records"]), "olds": len(task["Olds"])}


def test_go_refuses_our_damage(go: GoProgram) -> None:
    """A wrong hash in a tile, in a proof or as a root is refused: its agreement above means something."""
    size = 700
    for wrong in ("tile", "record", "older", "root", "entry"):
        task = tree_task(size)
        if wrong == "tile":
            data = task["Tiles"]["tile/0/001"]
            task["Tiles"]["tile/0/001"] = data[:32] + bytes(32) + data[64:]
        elif wrong == "record":
            task["Records"][3]["Proof"] = task["Records"][3]["Proof"][1:]
        elif wrong == "older":
            task["Olds"][3]["Proof"] = (bytes(32), *task["Olds"][3]["Proof"][1:])
        elif wrong == "root":
            task["Root"] = bytes(32)
        else:
            task["Records"][3]["Entry"] = b"another"
        with pytest.raises(Refused):
            go.run("tree", **task)


def test_go_verifies_our_checkpoints(go: GoProgram) -> None:
    """Signed by the log's old and new key, a witness and ML-DSA-44, a checkpoint opens with the keys that Go knows."""
    text = Checkpoint(origin=cast.ORIGIN, size=700, root=tree_root(numbered_leaves(700))).text()
    new, old = cast.log(), cast.log("log ed25519 rotated")
    cosigned = (cast.witness().sign(text, cast.TIME), cast.ml_dsa_44_witness().sign(text, cast.TIME))
    note = Note(text, (new.sign(text), cosigned[0], old.sign(text), cosigned[1])).encode()
    opened = go.run("note", VKeys=[new.verifier.vkey, old.verifier.vkey], Note=note)
    assert opened == {
        "Text": text,
        "Verified": [cast.ORIGIN, cast.ORIGIN],
        "Unverified": [signature.name for signature in cosigned],
    }


def test_go_refuses_what_our_key_has_not_signed(go: GoProgram) -> None:
    """The same signatures under another text are refused, and so is a key whose ID is not its own."""
    text = "a text\n"
    signature = cast.log().sign(text)
    vkey = cast.log().verifier.vkey
    with pytest.raises(Refused, match="invalid signature"):
        go.run("note", VKeys=[vkey], Note=Note("another\n", (signature,)).encode())
    with pytest.raises(Refused, match="invalid verifier hash"):
        go.run("note", VKeys=[vkey.replace("e4ed2d4e", "00000000")], Note=Note(text, (signature,)).encode())


NOTES = vectors("note")["notes"]
NOT_CANONICAL = "non-canonical base64 (unused low bits set)"


def open_in_go(go: GoProgram, note: bytes, keys: list[VerifierKey]) -> dict[str, Any] | None:
    try:
        opened: dict[str, Any] = go.run("note", VKeys=[key.vkey for key in keys], Note=note)
    except Refused:
        return None
    return {**opened, "Unverified": opened["Unverified"] or []}


def open_here(note: bytes, keys: list[VerifierKey]) -> dict[str, Any] | None:
    try:
        opened = open_note(note, keys)
    except (FormatError, SignatureError):
        return None
    return {
        "Text": opened.note.text,
        "Verified": [signature.name for signature in opened.verified],
        "Unverified": [signature.name for signature in opened.unknown],
    }


@pytest.mark.parametrize("case", NOTES, ids=lambda case: case["name"])
def test_go_and_we_agree_about_the_note_vectors(go: GoProgram, case: dict[str, Any]) -> None:
    """Under the Ed25519 keys of each vector, Go accepts what we accept, with the same result, and refuses the rest.

    The one exception is our own strictness: to Go, two spellings of the same base64 are the same signature.
    """
    note = bytes.fromhex(case["note_hex"]) if "note_hex" in case else case["note"].encode()
    keys = [key for key in map(VerifierKey.parse, case["verifiers"]) if key.kind is SignatureType.ED25519]
    theirs, ours = open_in_go(go, note, keys), open_here(note, keys)
    if case["name"] == NOT_CANONICAL:
        assert theirs is not None
        assert ours is None
    else:
        assert theirs == ours


def test_go_spells_tile_paths_as_we_do(go: GoProgram) -> None:
    """Each path of the vectors, and those of the largest trees; and it reads none of the bad ones."""
    path_vectors = vectors("tiles")
    indices = [case["index"] for case in path_vectors["path_encoding"]] + [2**31, 2**40 + 7, 2**55 - 1]
    tiles = [Tile(level, index, width) for level in (0, 1, 7, 63) for index in indices for width in (1, 255, 256)]
    # Entry bundles are not Go's, its "tile/8/data" is another format, and it knows no bound on the level.
    ours_alone = ("tile/entries", "tile/data", "tile/64")
    bad = [path for path in path_vectors["bad_paths"] if not path.startswith(ours_alone)]
    answer = go.run(
        "paths",
        Tiles=[{"Level": tile.level, "Index": tile.index, "Width": tile.width} for tile in tiles],
        Paths=[tile.path for tile in tiles] + bad,
    )
    assert answer["Paths"] == [tile.path for tile in tiles]
    assert answer["Read"] == [True] * len(tiles) + [False] * len(bad)


@pytest.mark.parametrize("size", SIZES)
def test_we_verify_logs_that_go_makes(go: GoProgram, size: int) -> None:
    """Its root and tiles are ours, and its proofs verify, each at its place only."""
    indices = selection(size)
    made = go.run("make", Origin=cast.ORIGIN, Size=size, Indices=indices, Olds=[index + 1 for index in indices])
    leaves, root = numbered_leaves(size), b64decode(made["Root"])
    assert root == tree_root(leaves)
    assert {path: b64decode(data) for path, data in made["Tiles"].items()} == make_tiles(size)
    for record in made["Records"]:
        index, proof = record["Index"], [b64decode(one) for one in record["Proof"]]
        verify_inclusion(index=index, size=size, leaf=leaves[index], proof=proof, root=root)
        with pytest.raises(ProofError):
            verify_inclusion(index=index, size=size, leaf=bytes(32), proof=proof, root=root)
    for old in made["Olds"]:
        old_root, proof = b64decode(old["Root"]), [b64decode(one) for one in old["Proof"]]
        verify_consistency(old_size=old["Size"], new_size=size, old_root=old_root, new_root=root, proof=proof)
        with pytest.raises(ProofError):
            verify_consistency(old_size=old["Size"], new_size=size, old_root=bytes(32), new_root=root, proof=proof)


def test_we_read_keys_and_notes_that_go_makes(go: GoProgram) -> None:
    """Its keys parse, its checkpoints open with both of them, and its private key gives the same signature here."""
    made = go.run("make", Origin=cast.ORIGIN, Size=700, Indices=[], Olds=[])
    keys = [VerifierKey.parse(vkey) for vkey in made["VKeys"]]
    assert [key.vkey for key in keys] == made["VKeys"]
    for field, origin in (("Note", cast.ORIGIN), ("SumDB", "go.sum database tree")):
        opened = open_note(b64decode(made[field]), keys)
        checkpoint = Checkpoint.parse(opened.note.text)
        assert (checkpoint.origin, checkpoint.size) == (origin, 700)
        assert checkpoint.root == tree_root(numbered_leaves(700))
        assert {(one.name, one.key_id) for one in opened.verified} == {(key.name, key.key_id) for key in keys}
    signer = parse_skey(made["SKey"])
    assert isinstance(signer, NoteSigner)
    assert signer.verifier == keys[0]
    text = Note.parse(b64decode(made["Note"])).text
    assert signer.sign(text) in Note.parse(b64decode(made["Note"])).signatures
