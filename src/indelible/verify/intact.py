"""The verdicts that come from reading everything: *intact*, *complete* and *authentic*.

Joins the check of the files (:mod:`~indelible.verify.fsck`) with that of what lies beside them: the journal's records
beyond the published size, the id runs, the checkpoint state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indelible.errors import Damaged
from indelible.verify.beside import damaged_file
from indelible.verify.committed import check_committed
from indelible.verify.fsck import Fsck
from indelible.verify.journal_check import JournalCheck
from indelible.verify.right_edge import load_right_edge
from indelible.verify.verdicts import Finding, FindingKind, Findings, Status, Verdict, VerdictName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.formats.checkpoint import Checkpoint
    from indelible.verify.beside import Beside, JournalRecords
    from indelible.verify.fetch import Fetcher
    from indelible.verify.fsck import FsckOptions
    from indelible.verify.right_edge import RightEdge

__all__ = ["Intactness", "OpenBeside", "check_everything", "check_right_edge"]


@dataclass(slots=True, kw_only=True)
class OpenBeside:
    """What lies beside the folder, after the calls that had to come before the checkpoint was read."""

    beside: Beside
    journal: JournalRecords | None = None
    state: tuple[int, bytes] | None = None
    findings: list[Finding]

    @classmethod
    def open(cls, beside: Beside) -> OpenBeside:
        """Make those calls."""
        opened = cls(beside=beside, findings=[])
        try:
            if beside.committed is not None:
                opened.state = beside.committed()
        except Damaged as error:
            opened.findings.append(damaged_file(error))
        try:
            if beside.journal is not None:
                opened.journal = beside.journal()
        except Damaged as error:
            opened.findings.append(damaged_file(error))
        return opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Intactness:
    """What came out: the three verdicts, the findings behind them, and sentences worth showing."""

    verdicts: dict[VerdictName, Verdict]
    findings: Findings
    notes: tuple[str, ...] = ()


def check_right_edge(fetcher: Fetcher, checkpoint: Checkpoint, *, signed: bool) -> Intactness:
    """The quick check: only that the right edge of the tree gives the checkpoint's root."""
    findings = Findings()
    edge = load_right_edge(fetcher, checkpoint.size, checkpoint.root)
    findings.extend(edge.findings)
    findings.extend(_root_findings(edge, checkpoint, signed=signed))
    reason = "only the right edge of the tree was looked at (--quick)"
    unchecked = Verdict(status=Status.NOT_CHECKED, detail=reason)
    intact = _failed(findings) if len(findings) else unchecked
    verdicts = {VerdictName.INTACT: intact, VerdictName.COMPLETE: unchecked, VerdictName.AUTHENTIC: unchecked}
    return Intactness(verdicts=verdicts, findings=findings)


def check_everything(
    fetcher: Fetcher, checkpoint: Checkpoint, opened: OpenBeside, options: FsckOptions, *, origin: str, signed: bool
) -> Intactness:
    """The whole check of the tree at a checkpoint, and of what lies beside it.

    ``origin`` is the log that records must belong to. ``signed`` says that the checkpoint is the log's: what it demands
    is looked for however much of it is missing.
    """
    fsck = Fsck(fetcher, origin=origin, size=checkpoint.size, root=checkpoint.root, options=options)
    try:
        findings = fsck.findings
        findings.extend(_root_findings(fsck.edge, checkpoint, signed=signed))
        if not (signed or fsck.edge.complete):
            return _without_entries(findings)
        fsck.run()
        journal = JournalCheck(fetcher, origin=origin, size=checkpoint.size)
        if opened.journal is not None:
            findings.extend(journal.check(opened.journal, fsck.across, committed=opened.state))
        findings.extend(_check_ids(opened.beside, fsck))
        if opened.state is not None:
            findings.extend(check_committed(fetcher, state=opened.state, size=checkpoint.size))
        fsck.finish()
        return _conclude(fsck, journal, checkpoint, has_journal=opened.journal is not None)
    finally:
        fsck.close()


def _root_findings(edge: RightEdge, checkpoint: Checkpoint, *, signed: bool) -> Iterator[Finding]:
    if edge.authentic:
        return
    detail = "the tree under tile/ has not the root that the signed checkpoint has: it was rewritten"
    if not signed:
        detail = "the checkpoint has not the root of the tree under tile/, nor all the signatures that it must have"
    yield Finding(
        kind=FindingKind.INCONSISTENT if signed else FindingKind.CHECKPOINT_ALTERED,
        path="checkpoint",
        expected=checkpoint.root.hex() if signed else edge.root.hex(),
        found=edge.root.hex() if signed else checkpoint.root.hex(),
        detail=detail,
    )


def _check_ids(beside: Beside, fsck: Fsck) -> Iterator[Finding]:
    if beside.ids is None:
        return
    names: dict[int, str] = {}
    unnamed = fsck.findings.unnamed()
    try:
        for block in beside.ids():
            yield from fsck.across.ledger.compare(block.ids, block.indices, path=block.path)
            names |= block.ids_of(unnamed)
    except Damaged as error:
        yield damaged_file(error)
    fsck.findings.name(names)  # of an entry that is gone or cannot be read, the id index still knows the id


def _failed(findings: Findings) -> Verdict:
    count = len(findings) - findings.count({FindingKind.SEQUENCE_GAP})
    return Verdict(status=Status.FAILED, detail=f"{count} finding{'s' * (count != 1)}")


def _without_entries(findings: Findings) -> Intactness:
    reason = "the tree that the unsigned checkpoint names does not exist, so no entry was looked at"
    unverifiable = Verdict(status=Status.UNVERIFIABLE, detail=reason)
    failed = Verdict(status=Status.FAILED, detail=reason)
    verdicts = {VerdictName.INTACT: failed, VerdictName.COMPLETE: unverifiable, VerdictName.AUTHENTIC: unverifiable}
    return Intactness(verdicts=verdicts, findings=findings)


def _conclude(fsck: Fsck, journal: JournalCheck, checkpoint: Checkpoint, *, has_journal: bool) -> Intactness:
    findings, across = fsck.findings, fsck.across
    gaps = findings.count({FindingKind.SEQUENCE_GAP})
    detail = f"{checkpoint.size} entries and every file under tile/ agree with the root"
    if has_journal:
        detail += f"; {journal.beyond} journaled records beyond them are whole"
    notes = []
    if fsck.resumed:
        notes.append(f"{fsck.resumed} entries were verified by an earlier run, and not looked at again")
    if fsck.beyond:
        notes.append(f"{fsck.beyond} files belong to a tree beyond the checkpoint; nothing vouches for them yet")
    sound = len(findings) == gaps
    if across.signed:
        reason = f"{across.signed} records bear a producer's signature, and no producer's key is known"
        authentic = Verdict(status=Status.UNVERIFIABLE, detail=reason)
    else:
        authentic = Verdict(status=Status.NOT_CHECKED, detail="no record bears a producer's signature")
    verdicts = {
        VerdictName.INTACT: Verdict(status=Status.VERIFIED, detail=detail) if sound else _failed(findings),
        VerdictName.COMPLETE: across.continuity.verdict(gaps),
        VerdictName.AUTHENTIC: authentic,
    }
    return Intactness(verdicts=verdicts, findings=findings, notes=tuple(notes))
