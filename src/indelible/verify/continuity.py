"""Whether producers' sequences have gaps: the verdict *complete*.

Implements EVENT, field ``producer``: each producer counts its records from 0 without gaps, so a number that is missing,
or used twice, is provable; ``prev``, where it is given, is the leaf hash of the record before. Records of one producer
may arrive in another order than they were made in.

Memory does not grow with the log: a producer costs its runs of consecutive numbers, and there is one unless something
is missing. Beyond :data:`MAX_RUNS` the check gives up and says so, rather than report what it no longer knows.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct

from indelible.verify.verdicts import Finding, FindingKind, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.verify.reading import PlacedClaim

__all__ = ["MAX_RUNS", "Continuity", "RunState", "SequenceState"]

MAX_RUNS = 200_000


class RunState(Struct, array_like=True):
    """Consecutive numbers ``[start, end)``; ``index`` and ``event_id`` are those of the record numbered ``start``."""

    start: int
    end: int
    index: int
    event_id: str | None


class SequenceState(Struct, array_like=True):
    """One producer's runs in order, and the leaf hash (hex) of its record met last, which has the number ``last``."""

    runs: list[RunState]
    last: int = -1
    leaf: str = ""


class Continuity:
    """The producers met so far; ``records`` and ``sequences`` are what an interrupted run has kept."""

    def __init__(self, records: int = 0, sequences: dict[str, SequenceState] | None = None) -> None:
        self.records = records
        self.sequences = {} if sequences is None else sequences
        self._runs = sum(len(sequence.runs) for sequence in self.sequences.values())
        self._gave_up = False

    def add(self, claims: Iterable[PlacedClaim]) -> list[Finding]:
        """Take in records in the order of the log; says which numbers are used twice and which ``prev`` is wrong."""
        findings: list[Finding] = []
        for placed in claims:
            self.records += 1
            if self._runs >= MAX_RUNS:
                self._gave_up = True
                break
            sequence = self.sequences.setdefault(placed.claim.producer, SequenceState([]))
            findings += self._place(sequence, placed)
            findings += _check_previous(sequence, placed)
            sequence.last, sequence.leaf = placed.claim.seq, placed.leaf.hex()
        return findings

    def gaps(self) -> list[Finding]:
        """The numbers that are missing after all records have been taken in."""
        findings: list[Finding] = []
        for producer, sequence in self.sequences.items():
            expected = 0
            for run in sequence.runs:
                if run.start > expected:
                    findings.append(_gap(producer, expected, run))
                expected = run.end
        return findings

    def verdict(self, findings: int) -> Verdict:
        """The verdict *complete*, given how many findings of the kind ``sequence_gap`` there are."""
        if findings:
            return Verdict(status=Status.FAILED, detail=f"{findings} gaps or repetitions in producers' sequences")
        if self._gave_up:
            detail = f"more than {MAX_RUNS} producers and gaps; split the log to have this checked"
            return Verdict(status=Status.UNVERIFIABLE, detail=detail)
        if not self.records:
            return Verdict(status=Status.NOT_CHECKED, detail="no record names its producer and a sequence number")
        detail = f"{self.records} records of {len(self.sequences)} producers without a gap; heartbeats not checked"
        return Verdict(status=Status.VERIFIED, detail=detail)

    def _place(self, sequence: SequenceState, placed: PlacedClaim) -> list[Finding]:
        seq, runs = placed.claim.seq, sequence.runs
        at = bisect_right(runs, seq, key=lambda run: run.start)
        before = runs[at - 1] if at else None
        if before is not None and seq < before.end:
            return [_repetition(placed)]
        after = runs[at] if at < len(runs) else None
        if before is not None and seq == before.end:
            before.end += 1
            if after is not None and after.start == before.end:
                before.end = after.end
                del runs[at]
                self._runs -= 1
        elif after is not None and after.start == seq + 1:
            after.start, after.index, after.event_id = seq, placed.index, placed.event_id
        else:
            runs.insert(at, RunState(seq, seq + 1, placed.index, placed.event_id))
            self._runs += 1
        return []


def _check_previous(sequence: SequenceState, placed: PlacedClaim) -> list[Finding]:
    claim = placed.claim
    if claim.prev is None or sequence.last != claim.seq - 1 or sequence.leaf == claim.prev:
        return []
    return [
        Finding(
            kind=FindingKind.SEQUENCE_GAP,
            index=placed.index,
            event_id=placed.event_id,
            expected=claim.prev,
            found=sequence.leaf,
            detail=f"producer {claim.producer} remembers another record {claim.seq - 1} of its own than this log holds",
        )
    ]


def _repetition(placed: PlacedClaim) -> Finding:
    return Finding(
        kind=FindingKind.SEQUENCE_GAP,
        index=placed.index,
        event_id=placed.event_id,
        found=str(placed.claim.seq),
        detail=f"producer {placed.claim.producer} has used the number {placed.claim.seq} before",
    )


def _gap(producer: str, expected: int, run: RunState) -> Finding:
    missing = f"number {expected} is" if run.start == expected + 1 else f"numbers {expected} to {run.start - 1} are"
    return Finding(
        kind=FindingKind.SEQUENCE_GAP,
        index=run.index,
        event_id=run.event_id,
        expected=str(expected),
        found=str(run.start),
        detail=f"{missing} missing in the sequence of producer {producer}",
    )
