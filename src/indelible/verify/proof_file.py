"""A ``.tlog-proof`` with the entry's bytes, verified offline: C2SP tlog-proof.

Says that the log holds this record at this index, under a checkpoint that all of its keys have signed. What takes the
log itself (every other entry, what the checkpoint extends) is *not checked*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, ProofError
from indelible.formats.tlog_proof import TlogProof
from indelible.merkle import leaf_hash, verify_inclusion
from indelible.verify.records import event_id_of, summarise
from indelible.verify.signatures import check_signatures, check_witnesses, read_checkpoint
from indelible.verify.verdicts import Finding, FindingKind, Findings, LogReport, Status, Verdict, VerdictName

if TYPE_CHECKING:
    from collections.abc import Callable

    from indelible.formats.checkpoint import Checkpoint
    from indelible.verify.trusted_keys import TrustedKeys

__all__ = ["origin_of_proof", "verify_proof_file"]

_ONE_ENTRY = "a proof is about one record; verify the log itself for this"


def origin_of_proof(proof: bytes) -> str | None:
    """The origin that a proof names, for choosing keys and nothing else; ``None`` when it cannot be read."""
    try:
        checkpoint = read_checkpoint(TlogProof.parse(proof).checkpoint).checkpoint
    except FormatError:
        return None
    return None if checkpoint is None else checkpoint.origin


def verify_proof_file(
    proof: bytes, record: bytes, *, trusted: TrustedKeys | None, remembered: bytes | None = None
) -> LogReport:
    """Verify that a log holds ``record``, as ``proof`` says.

    ``remembered`` is the checkpoint that this verifier has verified last; it can be compared when it has the same size.
    """
    findings = Findings()
    not_checked = Verdict(status=Status.NOT_CHECKED, detail=_ONE_ENTRY)
    verdicts = dict.fromkeys(VerdictName, not_checked)
    try:
        parsed = TlogProof.parse(proof)
    except FormatError as error:
        findings.add(Finding(kind=FindingKind.MALFORMED, detail=f"not a tlog-proof: {error}"))
        unverifiable = Verdict(status=Status.UNVERIFIABLE, detail="the proof cannot be read")
        verdicts |= {VerdictName.SIGNED: unverifiable, VerdictName.WITNESSED: unverifiable}
        verdicts[VerdictName.INTACT] = Verdict(status=Status.FAILED, detail=findings.kept[0].detail)
        return _report(None, trusted, verdicts, findings)
    reading = read_checkpoint(parsed.checkpoint)
    findings.extend(reading.findings)
    verdicts[VerdictName.SIGNED], found = check_signatures(reading, trusted)
    findings.extend(found)
    verdicts[VerdictName.WITNESSED] = check_witnesses(reading, trusted)
    checkpoint = reading.checkpoint
    if checkpoint is None:
        verdicts[VerdictName.INTACT] = Verdict(status=Status.FAILED, detail="the proof's checkpoint cannot be read")
        return _report(None, trusted, verdicts, findings)
    verdicts[VerdictName.INTACT] = _check_inclusion(parsed, record, checkpoint, findings.add)
    verdicts[VerdictName.CONSISTENT] = _check_remembered(checkpoint, remembered, findings.add)
    return _report(checkpoint, trusted, verdicts, findings)


def _check_inclusion(
    proof: TlogProof, record: bytes, checkpoint: Checkpoint, add: Callable[[Finding], None]
) -> Verdict:
    leaf = leaf_hash(record)
    try:
        verify_inclusion(index=proof.index, size=checkpoint.size, leaf=leaf, proof=proof.hashes, root=checkpoint.root)
    except ProofError as error:
        detail = f"the proof does not lead from this record to the checkpoint: {error}"
        add(
            Finding(
                kind=FindingKind.ENTRY_ALTERED,
                index=proof.index,
                event_id=event_id_of(record),
                found=leaf.hex(),
                detail=detail,
            )
        )
        return Verdict(status=Status.FAILED, detail=detail)
    faults = summarise([record], origin=checkpoint.origin).faults
    for fault in faults:
        add(
            Finding(
                kind=FindingKind.MALFORMED,
                index=proof.index,
                event_id=fault.event_id,
                detail=fault.detail,
            )
        )
    if faults:
        return Verdict(status=Status.FAILED, detail=faults[0].detail)
    detail = f"the record is entry {proof.index} of the {checkpoint.size} under the checkpoint"
    return Verdict(status=Status.VERIFIED, detail=detail)


def _check_remembered(checkpoint: Checkpoint, remembered: bytes | None, add: Callable[[Finding], None]) -> Verdict:
    known = None if remembered is None else read_checkpoint(remembered).checkpoint
    if known is None or known.size != checkpoint.size:
        return Verdict(status=Status.NOT_CHECKED, detail=_ONE_ENTRY)
    if known.root == checkpoint.root:
        return Verdict(status=Status.VERIFIED, detail="the checkpoint is the one that you verified last")
    detail = f"the checkpoint that you verified last has another root at the same size, {known.size}: a fork"
    add(Finding(kind=FindingKind.INCONSISTENT, expected=known.root.hex(), found=checkpoint.root.hex(), detail=detail))
    return Verdict(status=Status.FAILED, detail=detail)


def _report(
    checkpoint: Checkpoint | None,
    trusted: TrustedKeys | None,
    verdicts: dict[VerdictName, Verdict],
    findings: Findings,
) -> LogReport:
    origin = trusted.origin if trusted is not None else None
    origin = checkpoint.origin if checkpoint is not None else origin
    return LogReport(
        log=origin or "(unknown)",
        origin=origin,
        size=None if checkpoint is None else checkpoint.size,
        root=None if checkpoint is None else checkpoint.root,
        verdicts=verdicts,
        findings=findings.kept,
        pinned=trusted.vkeys if trusted is not None and trusted.pinned_now else (),
    )
