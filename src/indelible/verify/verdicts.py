"""What verification says: verdicts, findings, and the report that holds them.

Implements INTERFACES, "Verdicts" and the JSON of ``indelible verify``. Verification never says just yes or no: each
verdict is *verified*, *failed*, *not checked* (and why) or *unverifiable* (and what is missing). *Not checked* is never
counted as fine when it was asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = [
    "DEFAULT_REQUIREMENTS",
    "MAX_FINDINGS",
    "Finding",
    "FindingKind",
    "Findings",
    "LogReport",
    "Report",
    "Status",
    "Verdict",
    "VerdictName",
]

MAX_FINDINGS = 1_000
"""Findings kept for one log; more are counted, so that a log destroyed on purpose costs no more than a sound one."""


class Status(StrEnum):
    """How one verdict turned out, best first."""

    VERIFIED = "verified"
    NOT_CHECKED = "not_checked"
    UNVERIFIABLE = "unverifiable"
    FAILED = "failed"

    @classmethod
    def worst(cls, statuses: Iterable[Status]) -> Status:
        """The worst of several; of none, ``NOT_CHECKED``."""
        order = list(cls)
        return max(statuses, key=order.index, default=cls.NOT_CHECKED)


class VerdictName(StrEnum):
    """The seven questions, in the order in which they are shown."""

    INTACT = "intact"
    SIGNED = "signed"
    CONSISTENT = "consistent"
    WITNESSED = "witnessed"
    TIMESTAMPED = "timestamped"
    COMPLETE = "complete"
    AUTHENTIC = "authentic"


DEFAULT_REQUIREMENTS = frozenset({VerdictName.INTACT, VerdictName.SIGNED, VerdictName.CONSISTENT})
"""Required unless the user says otherwise, *consistent* where something is remembered."""


class FindingKind(StrEnum):
    """What is wrong, as a word that scripts may rely on."""

    ENTRY_ALTERED = "entry_altered"
    ENTRY_MISSING = "entry_missing"
    TILE_ALTERED = "tile_altered"
    TILE_MISSING = "tile_missing"
    MALFORMED = "malformed"
    CHECKPOINT_ALTERED = "checkpoint_altered"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_MISSING = "signature_missing"
    INCONSISTENT = "inconsistent"
    ROLLED_BACK = "rolled_back"
    SEQUENCE_GAP = "sequence_gap"
    PRODUCER_SIGNATURE_INVALID = "producer_signature_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, and where.

    ``index`` is the entry's; ``path`` the file's, below the log's folder, or below the data directory for what lies
    outside of it; ``expected`` and ``found`` are hashes in hex, or short texts. What is not known is ``None``.
    """

    kind: FindingKind
    detail: str
    index: int | None = None
    event_id: str | None = None
    path: str | None = None
    expected: str | None = None
    found: str | None = None

    @property
    def line(self) -> str:
        """The detail after the file's name, where it is known."""
        return self.detail if self.path is None else f"{self.path}: {self.detail}"

    def to_json(self) -> dict[str, object]:
        """The object that ``indelible verify --json`` prints."""
        return {
            "kind": self.kind.value,
            "index": self.index,
            "event_id": self.event_id,
            "path": self.path,
            "expected": self.expected,
            "found": self.found,
            "detail": self.detail,
        }


def _lacks_id(finding: Finding) -> bool:
    return finding.event_id is None and finding.kind in {FindingKind.ENTRY_ALTERED, FindingKind.ENTRY_MISSING}


class Findings:
    """Findings as they come in: the first :data:`MAX_FINDINGS`, and how many there were of each kind."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._counts: Counter[FindingKind] = Counter()

    def add(self, finding: Finding) -> None:
        """Keep one finding, or only count it when enough are kept."""
        self._counts[finding.kind] += 1
        if len(self._kept) < MAX_FINDINGS:
            self._kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Keep several."""
        for finding in findings:
            self.add(finding)

    def unnamed(self) -> frozenset[int]:
        """The indices of the findings that are about an entry whose id is not known."""
        return frozenset(one.index for one in self._kept if one.index is not None and _lacks_id(one))

    def name(self, event_ids: Mapping[int, str]) -> None:
        """Fill in the ids of entries, by index, where they were not known."""
        for place, finding in enumerate(self._kept):
            if _lacks_id(finding) and finding.index is not None and finding.index in event_ids:
                self._kept[place] = replace(finding, event_id=event_ids[finding.index])

    def __len__(self) -> int:
        return self._counts.total()

    def count(self, kinds: Collection[FindingKind]) -> int:
        """How many findings are of one of these kinds, kept or not."""
        return sum(self._counts[kind] for kind in kinds)

    @property
    def kept(self) -> tuple[Finding, ...]:
        """The findings that are shown."""
        return tuple(self._kept)

    @property
    def omitted(self) -> int:
        """How many more there were."""
        return len(self) - len(self._kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one question, with its reason in words."""

    status: Status
    detail: str

    def to_json(self) -> dict[str, object]:
        """The object that ``indelible verify --json`` prints."""
        return {"status": self.status.value, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was found out about one log.

    ``size`` and ``root`` are those of the checkpoint, ``None`` when it could not be read. ``checkpoint`` is the signed
    note that was checked. ``remembered_size`` is the size of the checkpoint that this verifier knew before. ``pinned``
    names the keys that were taken on trust just now, for the first time: whoever shows the report says so aloud.
    ``notes`` are sentences worth showing. ``quick`` says that only a quick check was asked for.
    """

    log: str
    origin: str | None
    size: int | None
    root: bytes | None
    verdicts: Mapping[VerdictName, Verdict]
    findings: tuple[Finding, ...]
    omitted_findings: int = 0
    checkpoint: bytes | None = None
    remembered_size: int | None = None
    pinned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    quick: bool = False

    def requirements(self, asked: Collection[VerdictName] | None = None) -> frozenset[VerdictName]:
        """The verdicts that have to be verified: those asked for, else the default ones.

        By default *consistent* counts where something is remembered, and *intact* unless a quick check was asked for
        and found nothing.
        """
        if asked is not None:
            return frozenset(asked)
        excused = set()
        if self.verdicts[VerdictName.CONSISTENT].status is Status.NOT_CHECKED:
            excused.add(VerdictName.CONSISTENT)
        if self.quick and self.verdicts[VerdictName.INTACT].status is Status.NOT_CHECKED:
            excused.add(VerdictName.INTACT)
        return DEFAULT_REQUIREMENTS - excused

    def worst(self, asked: Collection[VerdictName] | None = None) -> Status:
        """The worst status among the required verdicts."""
        return Status.worst(self.verdicts[name].status for name in self.requirements(asked))

    def to_json(self) -> dict[str, object]:
        """The object that ``indelible verify --json`` prints for one log."""
        return {
            "log": self.log,
            "origin": self.origin,
            "size": self.size,
            "root": None if self.root is None else self.root.hex(),
            "remembered_size": self.remembered_size,
            "pinned": list(self.pinned),
            "notes": list(self.notes),
            "verdicts": {name.value: verdict.to_json() for name, verdict in self.verdicts.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "omitted_findings": self.omitted_findings,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found out about a target: a directory with its logs, a URL, a proof."""

    target: str
    logs: tuple[LogReport, ...]

    def worst(self, asked: Collection[VerdictName] | None = None) -> Status:
        """The worst status among the required verdicts of all logs."""
        return Status.worst(report.worst(asked) for report in self.logs)

    def exit_status(self, asked: Collection[VerdictName] | None = None) -> int:
        """0 when everything required is verified, 1 when something failed, 3 when something could not be checked."""
        worst = self.worst(asked)
        if worst is Status.FAILED:
            return 1
        return 0 if worst is Status.VERIFIED else 3

    def to_json(self) -> dict[str, object]:
        """The object that ``indelible verify --json`` prints."""
        return {"target": self.target, "logs": [report.to_json() for report in self.logs]}
