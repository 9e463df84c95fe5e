"""Who signed a checkpoint: the verdicts *signed* and *witnessed*.

*signed* holds when every own key of the log has signed the checkpoint, and nothing else claims to: a line under the
name of one of these keys with another key ID is such a claim. Lines of other names are witnesses', and none of its
business. *witnessed* holds when the policy's quorum has cosigned. The text of a checkpoint is used before its
signatures have been verified, but only to look for damage with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import FormatError, SignatureError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note
from indelible.formats.vkey import SignatureType
from indelible.merkle import EMPTY_ROOT
from indelible.verify.verdicts import Finding, FindingKind, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.formats.vkey import VerifierKey
    from indelible.verify.trusted_keys import TrustedKeys

__all__ = ["CheckpointReading", "check_signatures", "check_witnesses", "read_checkpoint", "unreadable_checkpoint"]

CHECKPOINT_PATH = "checkpoint"

_ALGORITHMS = {
    SignatureType.ED25519: "Ed25519",
    SignatureType.ED25519_COSIGNATURE: "Ed25519 cosignature",
    SignatureType.ML_DSA_44_COSIGNATURE: "ML-DSA-44",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointReading:
    """A checkpoint as it was read: its bytes, and what they say, ``None`` where they cannot be read."""

    data: bytes | None
    note: Note | None
    checkpoint: Checkpoint | None
    findings: tuple[Finding, ...]


def read_checkpoint(data: bytes | None) -> CheckpointReading:
    """Read a checkpoint, of which nothing is believed yet; ``None`` stands for one that does not exist."""
    if data is None:
        return unreadable_checkpoint(None, None, FindingKind.CHECKPOINT_ALTERED, "there is no checkpoint")
    try:
        note = Note.parse(data)
    except FormatError as error:
        return unreadable_checkpoint(data, None, FindingKind.MALFORMED, str(error))
    try:
        checkpoint = Checkpoint.parse(note.text)
    except FormatError as error:
        return unreadable_checkpoint(data, note, FindingKind.MALFORMED, str(error))
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        detail = "a tree without entries has another root"
        return unreadable_checkpoint(data, note, FindingKind.CHECKPOINT_ALTERED, detail)
    return CheckpointReading(data=data, note=note, checkpoint=checkpoint, findings=())


def check_signatures(reading: CheckpointReading, trusted: TrustedKeys | None) -> tuple[Verdict, list[Finding]]:
    """The verdict *signed*."""
    if trusted is None:
        detail = "no key of this log is known; give --vkey or --policy with keys from someone you trust"
        return Verdict(status=Status.UNVERIFIABLE, detail=detail), []
    if reading.note is None:
        return Verdict(status=Status.FAILED, detail="the checkpoint cannot be read, so nobody has signed it"), []
    findings = [*_origin_findings(reading.checkpoint, trusted.origin)]
    for key in trusted.own:
        findings += _key_findings(reading.note, key)
    findings += _other_claims(reading.note, trusted)
    names = ", ".join(f"{key.name} ({_ALGORITHMS[key.kind]})" for key in trusted.own)
    if findings:
        return Verdict(status=Status.FAILED, detail=f"{findings[0].detail}; judged by {trusted.source}"), findings
    return Verdict(status=Status.VERIFIED, detail=f"by {names}, judged by {trusted.source}"), []


def check_witnesses(reading: CheckpointReading, trusted: TrustedKeys | None) -> Verdict:
    """The verdict *witnessed*."""
    policy = None if trusted is None else trusted.policy
    own = () if trusted is None else trusted.own
    if policy is None:
        return Verdict(status=Status.NOT_CHECKED, detail="no policy that names witnesses was given")
    if all(witness.key in own for witness in policy.witnesses):
        others = " besides the log's own key" if policy.witnesses else ""
        return Verdict(status=Status.NOT_CHECKED, detail=f"the policy names no witnesses{others}")
    if reading.note is None:
        return Verdict(status=Status.FAILED, detail="the checkpoint cannot be read, so nobody has cosigned it")
    try:
        result = policy.check(reading.note)
    except (SignatureError, FormatError) as error:
        return Verdict(status=Status.FAILED, detail=str(error))
    witnesses = [one.witness.name for one in result.witnesses if one.witness.key not in own]
    if policy.quorum is None:
        return Verdict(status=Status.NOT_CHECKED, detail="the policy demands no quorum")
    if not witnesses:
        detail = f"the quorum {policy.quorum} holds by the log's own key; no witness has cosigned"
        return Verdict(status=Status.NOT_CHECKED, detail=detail)
    return Verdict(status=Status.VERIFIED, detail=f"the quorum {policy.quorum} holds: {', '.join(witnesses)}")


def unreadable_checkpoint(data: bytes | None, note: Note | None, kind: FindingKind, detail: str) -> CheckpointReading:
    """The reading of a checkpoint that says nothing, and why; ``note`` as far as it is one."""
    finding = Finding(kind=kind, path=CHECKPOINT_PATH, detail=detail)
    return CheckpointReading(data=data, note=note, checkpoint=None, findings=(finding,))


def _origin_findings(checkpoint: Checkpoint | None, origin: str) -> Iterator[Finding]:
    if checkpoint is not None and checkpoint.origin != origin:
        yield Finding(
            kind=FindingKind.CHECKPOINT_ALTERED,
            path=CHECKPOINT_PATH,
            expected=origin,
            found=checkpoint.origin,
            detail=f"this is a checkpoint of another log, {checkpoint.origin!r}",
        )


def _key_findings(note: Note, key: VerifierKey) -> Iterator[Finding]:
    mine = [line for line in note.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
    label = f"{key.name}+{key.key_id.hex()}"
    if not mine:
        yield Finding(
            kind=FindingKind.SIGNATURE_MISSING,
            path=CHECKPOINT_PATH,
            expected=label,
            detail=f"the key {label} ({_ALGORITHMS[key.kind]}) has not signed the checkpoint",
        )
    for line in mine:
        try:
            key.verify(note.text, line.signature)
        except SignatureError as error:
            yield Finding(kind=FindingKind.SIGNATURE_INVALID, path=CHECKPOINT_PATH, expected=label, detail=str(error))


def _other_claims(note: Note, trusted: TrustedKeys) -> Iterator[Finding]:
    known = {(key.name, key.key_id) for key in trusted.own}
    names = {trusted.origin, *(key.name for key in trusted.own)}
    for line in note.signatures:
        if line.name in names and (line.name, line.key_id) not in known:
            yield Finding(
                kind=FindingKind.SIGNATURE_INVALID,
                path=CHECKPOINT_PATH,
                found=f"{line.name}+{line.key_id.hex()}",
                detail=f"an unknown key claims to be {line.name}",
            )
