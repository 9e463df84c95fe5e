"""Verifying as a user who remembers: what is pinned, what is remembered, and what that catches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import UsageError
from indelible.formats.tlog_policy import Policy
from indelible.trust.pinned_verification import GivenKeys, trusted_keys, verify_with_pins
from indelible.trust.pins import Pins
from indelible.trust.signer import LogKeys
from indelible.verify.trusted_keys import TrustedKeys
from indelible.verify.verdicts import FindingKind, LogReport, Status, VerdictName
from indelible.verify.verification import VerifyOptions
from tests.fabricated_log import ORIGIN, FabricatedLog, log_keys, record, records

if TYPE_CHECKING:
    from pathlib import Path

QUICK = VerifyOptions(quick=True)


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    return Pins(tmp_path / "state")


@pytest.fixture
def log(tmp_path: Path) -> FabricatedLog:
    log = FabricatedLog(tmp_path / "log")
    log.write(records(300))
    return log


def verify(log: FabricatedLog, pins: Pins, *, given: GivenKeys | None = None, place: str | None = None) -> LogReport:
    """Verify a log as the command line does: it shows its keys, and the pins decide."""
    trusted = trusted_keys(log.keys.origin, given=given or GivenKeys(), pins=pins, shown=log.keys.vkeys)
    return verify_with_pins(log.target(trusted=trusted), pins=pins, options=QUICK, place=place)


def renamed(log: FabricatedLog) -> LogKeys:
    """The same keys under another log's name."""
    return LogKeys(origin="example.com/renamed", ed25519=log.keys.ed25519, ml_dsa_44=log.keys.ml_dsa_44)


def consistent(report: LogReport) -> Status:
    return report.verdicts[VerdictName.CONSISTENT].status


def test_verify_with_pins_pins_at_first_use_and_says_so(log: FabricatedLog, pins: Pins) -> None:
    """A log never met is believed under the keys it shows, once; then it is known."""
    report = verify(log, pins)
    assert report.pinned == log.keys.vkeys
    assert pins.find(ORIGIN).vkeys == log.keys.vkeys  # type: ignore[union-attr]
    assert pins.recall(ORIGIN) == log.get("checkpoint")
    again = verify(log, pins)
    assert again.pinned == ()
    assert consistent(again) is Status.VERIFIED
    assert again.remembered_size == 300


def test_verify_with_pins_does_not_take_keys_from_the_log_again(log: FabricatedLog, pins: Pins) -> None:
    """A log that shows other keys than the pinned ones, and is signed by them, is not signed."""
    verify(log, pins)
    stranger = FabricatedLog(log.root, keys=log_keys(1))
    stranger.write(records(400))
    report = verify(stranger, pins)
    assert report.verdicts[VerdictName.SIGNED].status is Status.FAILED
    assert report.pinned == ()
    assert pins.find(ORIGIN).vkeys == log.keys.vkeys  # type: ignore[union-attr]
    assert pins.recall(ORIGIN) != stranger.get("checkpoint")


def test_verify_with_pins_does_not_pin_keys_that_have_not_signed(log: FabricatedLog, pins: Pins) -> None:
    """Shown keys that are not those of the checkpoint are worth nothing."""
    trusted = trusted_keys(ORIGIN, given=GivenKeys(), pins=pins, shown=log_keys(1).vkeys)
    report = verify_with_pins(log.target(trusted=trusted), pins=pins)
    assert report.verdicts[VerdictName.SIGNED].status is Status.FAILED
    assert report.pinned == ()
    assert pins.find(ORIGIN) is None
    assert pins.recall(ORIGIN) is None


def test_verify_with_pins_moves_on_with_the_log(log: FabricatedLog, pins: Pins) -> None:
    """A checkpoint that extends the remembered one takes its place."""
    verify(log, pins)
    log.write(records(600))
    assert consistent(verify(log, pins)) is Status.VERIFIED
    assert pins.recall(ORIGIN) == log.get("checkpoint")


@pytest.mark.parametrize("attack", ["old copy", "rewritten"])
def test_verify_with_pins_keeps_both_sides_of_a_contradiction(log: FabricatedLog, pins: Pins, attack: str) -> None:
    """An old copy, and a history signed again with the stolen key: the memory stays, and evidence is kept."""
    verify(log, pins)
    remembered = log.get("checkpoint")
    log.write(records(200) if attack == "old copy" else [record(0, outcome="failure"), *records(399, 1)])
    report = verify(log, pins)
    assert consistent(report) is Status.FAILED
    kind = FindingKind.ROLLED_BACK if attack == "old copy" else FindingKind.INCONSISTENT
    assert [finding.kind for finding in report.findings] == [kind]
    assert pins.recall(ORIGIN) == remembered
    (evidence,) = (pins.folder(ORIGIN) / "evidence").iterdir()
    assert (evidence / "remembered").read_bytes() == remembered
    assert (evidence / "offered").read_bytes() == log.get("checkpoint")
    assert any(str(evidence) in note for note in report.notes)
    verify(log, pins)
    assert len(list((pins.folder(ORIGIN) / "evidence").iterdir())) == 1


def test_verify_with_pins_remembers_a_checkpoint_although_a_file_is_damaged(log: FabricatedLog, pins: Pins) -> None:
    """A damaged file does not make the log's signed word untrue."""
    log.put("tile/entries/000", b"")
    report = verify_with_pins(log.target(), pins=pins)
    assert report.verdicts[VerdictName.INTACT].status is Status.FAILED
    assert pins.recall(ORIGIN) == log.get("checkpoint")


def test_verify_with_pins_remembers_nothing_without_keys(log: FabricatedLog, pins: Pins) -> None:
    """A log without known keys that shows none is unverifiable, and leaves no trace."""
    assert trusted_keys(ORIGIN, given=GivenKeys(), pins=pins) is None
    report = verify_with_pins(log.target(trusted=None), pins=pins)
    assert report.verdicts[VerdictName.SIGNED].status is Status.UNVERIFIABLE
    assert not pins.state.exists()


def test_verify_with_pins_lets_a_concurrent_verifier_win(
    log: FabricatedLog, pins: Pins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When another verifier has moved on meanwhile, that is said, and its checkpoint stays."""
    verify(log, pins)
    recalled = pins.recall(ORIGIN)
    log.write(records(400))
    pins.remember(ORIGIN, b"another", after=recalled)
    monkeypatch.setattr(pins, "recall", lambda _: recalled)
    remember = Pins(pins.state).remember
    monkeypatch.setattr(pins, "remember", remember)
    report = verify(log, pins)
    assert any("verify again" in note for note in report.notes)
    assert Pins(pins.state).recall(ORIGIN) == b"another"


def test_verify_with_pins_does_not_believe_a_stranger_in_the_place_of_a_known_log(
    log: FabricatedLog, pins: Pins
) -> None:
    """A log rewritten under a new name and new keys is not taken for a first meeting."""
    verify(log, pins, place="/data/logs/main")
    stranger = FabricatedLog(log.root, keys=renamed(log))
    stranger.write([record(n, log="example.com/renamed") for n in range(300)])
    report = verify(stranger, pins, place="/data/logs/main")
    assert consistent(report) is Status.FAILED
    finding = report.findings[0]
    assert (finding.kind, finding.expected, finding.found) == (
        FindingKind.INCONSISTENT,
        ORIGIN,
        "example.com/renamed",
    )
    assert report.worst() is Status.FAILED
    assert pins.find("example.com/renamed") is None
    assert consistent(verify(stranger, pins, place="/elsewhere")) is Status.NOT_CHECKED


def test_verify_with_pins_believes_another_log_in_a_place_when_the_user_vouches_for_it(
    log: FabricatedLog, pins: Pins
) -> None:
    """With its keys given, or pinned at its birth, another log may stand where one was before."""
    verify(log, pins, place="/data/logs/main")
    other = FabricatedLog(log.root, keys=renamed(log))
    other.write([record(n, log="example.com/renamed") for n in range(300)])
    given = GivenKeys(vkeys=other.keys.vkeys, source="the keys given with --vkey")
    assert verify(other, pins, given=given, place="/data/logs/main").worst() is Status.VERIFIED
    assert pins.origin_at("/data/logs/main") == "example.com/renamed"


def test_trusted_keys_prefer_what_the_user_gives(log: FabricatedLog, pins: Pins) -> None:
    """A policy before keys, keys before pins, pins before what the log shows."""
    pins.pin(ORIGIN, log_keys(1).vkeys)
    policy = Policy.for_log(*log_keys(2).vkeys)
    by_policy = trusted_keys(ORIGIN, given=GivenKeys(policy=policy, source="p"), pins=pins, shown=log.keys.vkeys)
    by_key = trusted_keys(ORIGIN, given=GivenKeys(vkeys=log_keys(3).vkeys), pins=pins, shown=log.keys.vkeys)
    by_pin = trusted_keys(ORIGIN, given=GivenKeys(), pins=pins, shown=log.keys.vkeys)
    assert by_policy is not None
    assert by_key is not None
    assert by_pin is not None
    assert (by_policy.vkeys, by_key.vkeys, by_pin.vkeys) == (log_keys(2).vkeys, log_keys(3).vkeys, log_keys(1).vkeys)
    assert not by_pin.pinned_now


def test_trusted_keys_must_be_those_of_one_log(log: FabricatedLog) -> None:
    """Keys of no log, or of two, and a policy for others, are a mistake of the user's."""
    with pytest.raises(UsageError, match="name 0 logs"):
        TrustedKeys.from_vkeys(log.keys.vkeys[1:], source="--vkey")
    with pytest.raises(UsageError, match="name 2 logs"):
        TrustedKeys.from_vkeys([log.keys.vkeys[0], renamed(log).vkeys[0]], source="--vkey")
    with pytest.raises(UsageError, match=r"team\.policy names no key of a log 'example.com/else'"):
        TrustedKeys.from_policy(Policy.for_log(*log.keys.vkeys), "example.com/else", source="team.policy")
