"""A proof and a record, verified offline: what it shows, and everything that it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.formats.note import Note
from indelible.formats.tlog_policy import Policy
from indelible.formats.tlog_proof import TlogProof
from indelible.merkle import Node, leaf_hashes, plan_inclusion, tree_root
from indelible.verify.proof_file import origin_of_proof, verify_proof_file
from indelible.verify.trusted_keys import TrustedKeys
from indelible.verify.verdicts import FindingKind, Status, VerdictName
from tests.fabricated_log import ORIGIN, FabricatedLog, event_id, log_keys, record, records

if TYPE_CHECKING:
    from indelible.verify.verdicts import LogReport

SIZE = 300
INDEX = 123
TRUSTED = TrustedKeys.from_vkeys(log_keys().vkeys, source="the test")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> FabricatedLog:
    log = FabricatedLog(tmp_path_factory.mktemp("log"))
    log.write(records(SIZE))
    return log


@pytest.fixture(scope="module")
def proof(log: FabricatedLog) -> TlogProof:
    leaves = leaf_hashes(log.entries)

    def root(node: Node) -> bytes:
        return tree_root(leaves[node.start : node.end])

    plan = plan_inclusion(INDEX, SIZE)
    hashes = plan.finish({node: root(node) for node in plan.nodes})  # type: ignore[misc]
    return TlogProof(index=INDEX, hashes=hashes, checkpoint=log.get("checkpoint"))


def statuses(report: LogReport) -> dict[str, str]:
    return {name.value: verdict.status.value for name, verdict in report.verdicts.items()}


def test_verify_proof_file_verifies_a_record(proof: TlogProof) -> None:
    """The record is in the log, the checkpoint is signed; what needs the whole log is not checked."""
    report = verify_proof_file(proof.encode(), record(INDEX), trusted=TRUSTED)
    assert report.findings == ()
    assert statuses(report) == {
        "intact": "verified",
        "signed": "verified",
        **dict.fromkeys(("consistent", "witnessed", "timestamped", "complete", "authentic"), "not_checked"),
    }
    assert f"entry {INDEX} of the {SIZE}" in report.verdicts[VerdictName.INTACT].detail
    assert report.worst() is Status.VERIFIED
    assert (report.origin, report.size) == (ORIGIN, SIZE)
    assert origin_of_proof(proof.encode()) == ORIGIN


def test_verify_proof_file_follows_a_policy(proof: TlogProof) -> None:
    """The keys of a policy are as good as those given one by one."""
    trusted = TrustedKeys.from_policy(Policy.for_log(*log_keys().vkeys), ORIGIN, source="the policy")
    assert verify_proof_file(proof.encode(), record(INDEX), trusted=trusted).worst() is Status.VERIFIED


@pytest.mark.parametrize("wrong", [record(INDEX, outcome="failure"), record(INDEX + 1), b"", record(INDEX) + b"\n"])
def test_verify_proof_file_notices_another_record(proof: TlogProof, wrong: bytes) -> None:
    """A record with a byte changed is not the one that is in the log."""
    report = verify_proof_file(proof.encode(), wrong, trusted=TRUSTED)
    (finding,) = report.findings
    assert (finding.kind, finding.index) == (FindingKind.ENTRY_ALTERED, INDEX)
    assert report.worst() is Status.FAILED
    assert finding.event_id in {None, event_id(INDEX), event_id(INDEX + 1)}


def test_verify_proof_file_notices_every_flipped_byte(proof: TlogProof) -> None:
    """Whatever is changed in a proof, it no longer shows anything."""
    data = proof.encode()
    for place in range(0, len(data), 5):
        damaged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert verify_proof_file(damaged, record(INDEX), trusted=TRUSTED).worst() is Status.FAILED


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff"])
def test_verify_proof_file_says_what_is_no_proof(data: bytes) -> None:
    """What cannot be read is malformed, and names no origin."""
    report = verify_proof_file(data, record(INDEX), trusted=TRUSTED)
    (finding,) = report.findings
    assert finding.kind is FindingKind.MALFORMED
    assert report.worst() is Status.FAILED
    assert origin_of_proof(data) is None
    assert verify_proof_file(data, record(INDEX), trusted=None).log == "(unknown)"


def test_verify_proof_file_demands_both_signatures(proof: TlogProof) -> None:
    """A proof whose checkpoint lost a signature, or is signed by others, is not signed."""
    note = Note.parse(proof.checkpoint)
    halved = TlogProof(index=proof.index, hashes=proof.hashes, checkpoint=Note(note.text, note.signatures[:1]).encode())
    report = verify_proof_file(halved.encode(), record(INDEX), trusted=TRUSTED)
    assert statuses(report) | {"intact": "verified", "signed": "failed"} == statuses(report)
    others = TrustedKeys.from_vkeys(log_keys(1).vkeys, source="the test")
    assert verify_proof_file(proof.encode(), record(INDEX), trusted=others).worst() is Status.FAILED


def test_verify_proof_file_without_a_key_is_unverifiable(proof: TlogProof) -> None:
    """Nobody vouches for a proof by itself."""
    assert verify_proof_file(proof.encode(), record(INDEX), trusted=None).worst() is Status.UNVERIFIABLE


def test_verify_proof_file_notices_a_fork(log: FabricatedLog, proof: TlogProof) -> None:
    """A remembered checkpoint of the same size has the same root, or the log has shown two histories."""
    same = verify_proof_file(proof.encode(), record(INDEX), trusted=TRUSTED, remembered=log.get("checkpoint"))
    assert statuses(same)["consistent"] == "verified"
    checkpoint = log.get("checkpoint")
    log.sign(SIZE, bytes(32))
    forked = log.get("checkpoint")
    log.put("checkpoint", checkpoint)
    report = verify_proof_file(proof.encode(), record(INDEX), trusted=TRUSTED, remembered=forked)
    (finding,) = report.findings
    assert (finding.kind, finding.expected) == (FindingKind.INCONSISTENT, "00" * 32)
    assert report.worst() is Status.FAILED


def test_verify_proof_file_holds_the_record_to_its_log(proof: TlogProof, log: FabricatedLog) -> None:
    """An entry that names another log is in this one by mistake or by fraud."""
    entries = records(SIZE)
    entries[INDEX] = record(INDEX, log="example.com/other")
    leaves = leaf_hashes(entries)
    plan = plan_inclusion(INDEX, SIZE)
    hashes = plan.finish({node: tree_root(leaves[node.start : node.end]) for node in plan.nodes})
    checkpoint = log.get("checkpoint")
    log.sign(SIZE, tree_root(leaves))
    moved = TlogProof(index=INDEX, hashes=hashes, checkpoint=log.get("checkpoint"))
    log.put("checkpoint", checkpoint)
    report = verify_proof_file(moved.encode(), entries[INDEX], trusted=TRUSTED)
    (finding,) = report.findings
    assert finding.kind is FindingKind.MALFORMED
    assert "belongs to the log" in finding.detail
