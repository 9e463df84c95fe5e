"""Verdicts: the worst one that was asked for decides, and *not checked* is never fine."""

from __future__ import annotations

import json

import pytest

from indelible.verify.verdicts import (
    MAX_FINDINGS,
    Finding,
    FindingKind,
    Findings,
    LogReport,
    Report,
    Status,
    Verdict,
    VerdictName,
)


def report(**statuses: Status) -> Report:
    verdicts = {
        name: Verdict(status=statuses.get(name.value, Status.NOT_CHECKED), detail="because") for name in VerdictName
    }
    finding = Finding(kind=FindingKind.ENTRY_ALTERED, detail="other", index=3, path="tile/entries/000", expected="aa")
    log = LogReport(
        log="main", origin="example.com/main", size=7, root=bytes(32), verdicts=verdicts, findings=(finding,)
    )
    return Report(target="./data", logs=(log,))


def test_findings_kinds_are_those_of_the_interface() -> None:
    """The words that scripts rely on."""
    assert {kind.value for kind in FindingKind} == {
        *("entry_altered", "entry_missing", "tile_altered", "tile_missing", "malformed", "checkpoint_altered"),
        *("signature_invalid", "signature_missing", "inconsistent", "rolled_back", "sequence_gap"),
        "producer_signature_invalid",
    }
    assert {status.value for status in Status} == {"verified", "failed", "not_checked", "unverifiable"}


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], Status.NOT_CHECKED),
        ([Status.VERIFIED], Status.VERIFIED),
        ([Status.VERIFIED, Status.NOT_CHECKED], Status.NOT_CHECKED),
        ([Status.UNVERIFIABLE, Status.NOT_CHECKED], Status.UNVERIFIABLE),
        ([Status.FAILED, Status.UNVERIFIABLE, Status.VERIFIED], Status.FAILED),
    ],
)
def test_status_worst(statuses: list[Status], worst: Status) -> None:
    """One failure outweighs everything, and nothing checked is nothing verified."""
    assert Status.worst(statuses) is worst


@pytest.mark.parametrize(
    ("statuses", "asked", "expected"),
    [
        ({"intact": Status.VERIFIED, "signed": Status.VERIFIED}, None, 0),
        ({"intact": Status.VERIFIED, "signed": Status.VERIFIED, "consistent": Status.VERIFIED}, None, 0),
        ({"intact": Status.VERIFIED, "signed": Status.VERIFIED, "consistent": Status.FAILED}, None, 1),
        ({"intact": Status.VERIFIED, "signed": Status.VERIFIED, "consistent": Status.UNVERIFIABLE}, None, 3),
        ({"intact": Status.VERIFIED, "signed": Status.FAILED}, None, 1),
        ({"intact": Status.VERIFIED}, None, 3),
        ({"intact": Status.VERIFIED}, {VerdictName.INTACT}, 0),
        ({"intact": Status.FAILED}, {VerdictName.SIGNED}, 3),
        ({"complete": Status.FAILED, "intact": Status.VERIFIED, "signed": Status.VERIFIED}, None, 0),
        ({"complete": Status.FAILED}, {VerdictName.COMPLETE}, 1),
    ],
)
def test_report_exit_status_follows_the_worst_required_verdict(
    statuses: dict[str, Status], asked: set[VerdictName] | None, expected: int
) -> None:
    """0 when all that was asked for is verified, 1 when something failed, 3 when something was not checked."""
    assert report(**statuses).exit_status(asked) == expected


def test_report_json_has_the_fields_of_the_interface() -> None:
    """``indelible verify --json``: the names stay, and hashes are lower-case hex."""
    document = json.loads(json.dumps(report(intact=Status.FAILED).to_json()))
    (log,) = document["logs"]
    assert document["target"] == "./data"
    assert (log["log"], log["size"], log["root"]) == ("main", 7, "00" * 32)
    assert list(log["verdicts"]) == [name.value for name in VerdictName]
    assert log["verdicts"]["intact"] == {"status": "failed", "detail": "because"}
    (finding,) = log["findings"]
    assert finding == {
        "kind": "entry_altered",
        "index": 3,
        "event_id": None,
        "path": "tile/entries/000",
        "expected": "aa",
        "found": None,
        "detail": "other",
    }


def test_findings_beyond_the_bound_are_counted() -> None:
    """However much is wrong, memory is bounded and the count is right."""
    findings = Findings()
    findings.extend(Finding(kind=FindingKind.TILE_MISSING, detail=str(n)) for n in range(MAX_FINDINGS + 5))
    assert len(findings.kept) == MAX_FINDINGS
    assert findings.omitted == 5
    assert findings.count({FindingKind.TILE_MISSING}) == MAX_FINDINGS + 5
    assert findings.count({FindingKind.MALFORMED}) == 0
