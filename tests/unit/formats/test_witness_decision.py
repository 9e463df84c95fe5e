"""What a witness answers: the scenario of the vectors, and what it does not reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from indelible.errors import FormatError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.formats.vkey import VerifierKey
from indelible.formats.witness_decision import check_add_checkpoint, check_sign_subtree
from indelible.formats.witness_request import AddCheckpointRequest, SignSubtreeRequest, encode_signatures, encode_size
from indelible.merkle import Hash, plan_subtree_consistency, tree_root
from tests.unit.formats import cast
from tests.unit.merkle.trees import node_hashes, numbered_leaves
from tests.vectors.load import vectors

VECTORS = vectors("witness")
LOGS = {VECTORS["log_origin"]: [VerifierKey.parse(VECTORS["log_vkey"])]}


class Witness:
    """A witness without HTTP and disk, to play the scenario against: decide, store, sign."""

    def __init__(self) -> None:
        self.stored: tuple[int, Hash] | None = None

    def answer(self, body: bytes) -> tuple[int, str | None]:
        try:
            request = AddCheckpointRequest.parse(body)
        except FormatError:
            return 400, None
        decision = check_add_checkpoint(request, logs=LOGS, stored=self.stored)
        if decision.status == 409:
            return 409, encode_size(self.size).decode()
        if decision.status != 200:
            return decision.status, None
        self.stored = (request.checkpoint.size, request.checkpoint.root)
        return 200, encode_signatures([cast.witness().sign(request.note.text, cast.TIME)]).decode()

    @property
    def size(self) -> int:
        return self.stored[0] if self.stored else 0


def test_check_add_checkpoint_plays_the_scenario_of_the_vectors() -> None:
    """23 requests in order: every status, every body to the byte, and the size that the witness is at afterwards."""
    witness = Witness()
    for step in VECTORS["steps"]:
        answer = witness.answer(step["request_body"].encode())
        assert answer == (step["status"], step.get("response_body")), step["why"]
        assert witness.size == step["state_after"], step["why"]


@pytest.mark.parametrize("step", VECTORS["size_zero"], ids=lambda step: step["why"])
def test_check_add_checkpoint_of_the_empty_tree(step: dict[str, Any]) -> None:
    """Size 0 has the empty root; from size 0 there is no proof."""
    assert Witness().answer(step["request_body"].encode()) == (step["status"], step.get("response_body"))


def test_check_add_checkpoint_says_what_proves_misbehaviour() -> None:
    """Two roots for one size, both signed by the log, are evidence; a proof that is merely wrong is none."""
    roots = [tree_root(numbered_leaves(size)) for size in range(6)]

    def request(size: int, root: Hash, old: int) -> AddCheckpointRequest:
        text = Checkpoint(origin=cast.ORIGIN, size=size, root=root).text()
        return AddCheckpointRequest(old_size=old, proof=(), note=Note(text, (cast.log().sign(text),)))

    forked = check_add_checkpoint(request(5, roots[4], old=5), logs=LOGS, stored=(5, roots[5]))
    assert (forked.status, forked.is_evidence) == (422, True)
    unproven = check_add_checkpoint(request(5, roots[5], old=3), logs=LOGS, stored=(3, roots[3]))
    assert (unproven.status, unproven.is_evidence) == (422, False)


def subtree_request(start: int, end: int, size: int) -> SignSubtreeRequest:
    leaves = numbered_leaves(size)
    plan = plan_subtree_consistency(start, end, size)
    text = Checkpoint(origin=cast.ORIGIN, size=size, root=tree_root(leaves)).text()
    return SignSubtreeRequest(
        start=start,
        end=end,
        subtree_root=tree_root(leaves[start:end]),
        proof=plan.finish(node_hashes(plan.nodes, leaves)),
        note=Note(text, (cast.ml_dsa_44_witness().sign(text, cast.TIME),)),
    )


OWN_KEYS = [cast.ml_dsa_44_witness().verifier]


@pytest.mark.parametrize(("start", "end", "size"), [(0, 13, 13), (8, 13, 14), (4, 8, 14), (12, 13, 13), (0, 1, 1)])
def test_check_sign_subtree_accepts_what_was_cosigned(start: int, end: int, size: int) -> None:
    """Any valid subtree of a checkpoint that bears the witness's own cosignature."""
    request = SignSubtreeRequest.parse(subtree_request(start, end, size).encode())
    assert check_sign_subtree(request, origins=LOGS, own_keys=OWN_KEYS).status == 200


def test_check_sign_subtree_refuses_everything_else() -> None:
    """Unknown logs, checkpoints that others or nobody has cosigned, and proofs that do not lead to the root."""
    good = subtree_request(8, 13, 14)
    assert check_sign_subtree(good, origins=[], own_keys=OWN_KEYS).status == 404
    assert check_sign_subtree(good, origins=LOGS, own_keys=[cast.witness().verifier]).status == 403
    for bad in (replace(good, subtree_root=Hash(bytes(32))), replace(good, proof=good.proof[1:])):
        assert check_sign_subtree(bad, origins=LOGS, own_keys=OWN_KEYS).status == 422
