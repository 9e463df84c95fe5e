"""The verification of one log: every question asked, every answer in one report.

Whatever is wrong comes back as findings; what raises is only that something could not be had now. Storage is never
imported here: the log's files come through a fetcher, and what lies beside them is handed in
(:class:`~indelible.verify.beside.Beside`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indelible.errors import NotFound, TooLarge
from indelible.verify.beside import Beside
from indelible.verify.consistency import check_consistency
from indelible.verify.fsck import FsckOptions
from indelible.verify.intact import Intactness, OpenBeside, check_everything, check_right_edge
from indelible.verify.signatures import check_signatures, check_witnesses, read_checkpoint, unreadable_checkpoint
from indelible.verify.verdicts import Finding, FindingKind, Findings, LogReport, Status, Verdict, VerdictName

if TYPE_CHECKING:
    from indelible.formats.checkpoint import Checkpoint
    from indelible.verify.fetch import Fetcher
    from indelible.verify.signatures import CheckpointReading
    from indelible.verify.trusted_keys import TrustedKeys

__all__ = ["LogTarget", "VerifyOptions", "verify_log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTarget:
    """One log to verify.

    ``trusted`` is ``None`` when no key of it is known. ``remembered`` is the last checkpoint of it that this verifier
    has verified, a signed note, and ``remembered_where`` says in words where it was kept.
    """

    name: str
    fetcher: Fetcher
    trusted: TrustedKeys | None = None
    remembered: bytes | None = None
    remembered_where: str = "the checkpoint that you verified last"
    beside: Beside = field(default_factory=Beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """How to verify. ``quick`` looks at checkpoint, right edge and consistency only, and at no entry."""

    quick: bool = False
    fsck: FsckOptions = field(default_factory=FsckOptions)


def verify_log(target: LogTarget, options: VerifyOptions | None = None) -> LogReport:
    """Verify one log.

    Raises:
        Unavailable: something could not be had now. Nothing is known then.
        Forbidden: these credentials do not give the right to read the log's files.
        Unauthenticated: the server wants credentials, or others.
    """
    options = options or VerifyOptions()
    # Journal and state first: a running log moves its checkpoint on before it forgets any of these.
    opened = OpenBeside.open(target.beside)
    reading = _read_checkpoint(target.fetcher)
    remembered, unreadable = _remembered(target)
    signed, signature_findings = check_signatures(reading, target.trusted)
    consistent, contradictions = unreadable or _check_consistent(target, reading.checkpoint, remembered)
    basis = reading.checkpoint or remembered
    intactness = _check_intact(target, basis, opened, options, signed=signed.status is Status.VERIFIED)
    findings = Findings()
    for found in (reading.findings, signature_findings, contradictions, opened.findings, intactness.findings.kept):
        findings.extend(found)
    verdicts = {
        **intactness.verdicts,
        VerdictName.SIGNED: signed,
        VerdictName.CONSISTENT: consistent,
        VerdictName.WITNESSED: check_witnesses(reading, target.trusted),
        VerdictName.TIMESTAMPED: Verdict(
            status=Status.NOT_CHECKED, detail="no RFC 3161 token is kept with a checkpoint, and none was given"
        ),
    }
    if reading.findings or opened.findings:
        first = (*reading.findings, *opened.findings)[0]
        verdicts[VerdictName.INTACT] = Verdict(status=Status.FAILED, detail=first.line)
    return LogReport(
        log=target.name,
        origin=_origin(target, reading.checkpoint),
        size=None if reading.checkpoint is None else reading.checkpoint.size,
        root=None if reading.checkpoint is None else reading.checkpoint.root,
        verdicts={name: verdicts[name] for name in VerdictName},
        findings=findings.kept,
        omitted_findings=findings.omitted + intactness.findings.omitted,
        checkpoint=reading.data,
        remembered_size=None if remembered is None else remembered.size,
        pinned=target.trusted.vkeys if target.trusted is not None and target.trusted.pinned_now else (),
        notes=(*target.beside.notes, *intactness.notes),
        quick=options.quick,
    )


def _read_checkpoint(fetcher: Fetcher) -> CheckpointReading:
    try:
        return read_checkpoint(fetcher.get("checkpoint"))
    except NotFound:
        return read_checkpoint(None)
    except TooLarge as error:
        return unreadable_checkpoint(None, None, FindingKind.MALFORMED, str(error))


def _remembered(target: LogTarget) -> tuple[Checkpoint | None, tuple[Verdict, list[Finding]] | None]:
    """The remembered checkpoint; or the verdict *consistent* when there is none, or it cannot be read."""
    if target.remembered is None:
        detail = "nothing is remembered of this log yet; what is verified now is what later ones are compared with"
        return None, (Verdict(status=Status.NOT_CHECKED, detail=detail), [])
    reading = read_checkpoint(target.remembered)
    if reading.checkpoint is None:
        detail = f"{target.remembered_where} cannot be read: {reading.findings[0].detail}"
        return None, (Verdict(status=Status.UNVERIFIABLE, detail=detail), [])
    return reading.checkpoint, None


def _check_consistent(
    target: LogTarget, offered: Checkpoint | None, remembered: Checkpoint | None
) -> tuple[Verdict, list[Finding]]:
    if offered is None or remembered is None:
        return Verdict(status=Status.UNVERIFIABLE, detail="the checkpoint cannot be read"), []
    where = target.remembered_where
    return check_consistency(target.fetcher, remembered=remembered, offered=offered, remembered_where=where)


def _check_intact(
    target: LogTarget, basis: Checkpoint | None, opened: OpenBeside, options: VerifyOptions, *, signed: bool
) -> Intactness:
    """*Intact* and its companions at the checkpoint, or at the remembered one where that cannot be read."""
    if basis is None:
        unverifiable = Verdict(status=Status.UNVERIFIABLE, detail="there is no checkpoint to hold the files against")
        names = (VerdictName.INTACT, VerdictName.COMPLETE, VerdictName.AUTHENTIC)
        return Intactness(verdicts=dict.fromkeys(names, unverifiable), findings=Findings())
    if options.quick:
        return check_right_edge(target.fetcher, basis, signed=signed)
    origin = _origin(target, basis) or basis.origin
    return check_everything(target.fetcher, basis, opened, options.fsck, origin=origin, signed=signed)


def _origin(target: LogTarget, checkpoint: Checkpoint | None) -> str | None:
    if target.trusted is not None:
        return target.trusted.origin
    return None if checkpoint is None else checkpoint.origin
