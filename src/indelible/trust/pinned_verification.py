"""Verifying a log as a user who remembers: with pinned keys, and the checkpoint that was verified last.

Implements TRUST, "Consequences for the code". Keys come from a policy, from the command line, or from the pins; a log
never met is believed under the keys that it shows itself, once, which the report says so that it is said aloud. A
checkpoint that every key has signed and that extends the one remembered is remembered in its place. One that does not
is kept as evidence beside the other, and the older one stays.

Whoever can rewrite a log with new keys can also give it a new name, which nobody has met. So it is also remembered
which log was found at which place: where another, unknown one stands now, it is not believed under its own keys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indelible.errors import RolledBack
from indelible.verify.trusted_keys import TrustedKeys
from indelible.verify.verdicts import Finding, FindingKind, LogReport, Status, Verdict, VerdictName
from indelible.verify.verification import LogTarget, VerifyOptions, verify_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.formats.tlog_policy import Policy
    from indelible.trust.pins import Pins

__all__ = ["GivenKeys", "trusted_keys", "verify_with_pins"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenKeys:
    """Where the user says that keys come from: ``policy`` before ``vkeys`` before the pins. ``source`` names it."""

    policy: Policy | None = None
    vkeys: Sequence[str] = ()
    source: str = "the pinned keys"

    def are_for(self, origin: str) -> bool:
        """Whether they are keys of the log ``origin``; true also when none were given.

        Raises:
            UsageError: the ``vkeys`` are not those of one log.
            FormatError: not verifier keys.
        """
        if self.policy is not None:
            return any(log.key.name == origin for log in self.policy.logs)
        return not self.vkeys or TrustedKeys.from_vkeys(self.vkeys, source=self.source).origin == origin


def trusted_keys(origin: str, *, given: GivenKeys, pins: Pins, shown: Sequence[str] = ()) -> TrustedKeys | None:
    """The keys that the log ``origin`` is believed under; ``None`` when none is known and the log shows none.

    ``shown`` are the keys that the log itself shows. They count when it has never been met and the user has given no
    others; the result says so, and :func:`verify_with_pins` pins them.

    Raises:
        UsageError: the policy, or the keys given, are not those of this log.
        FormatError: not verifier keys.
        Damaged: the pinned keys cannot be read.
    """
    if given.policy is not None:
        return TrustedKeys.from_policy(given.policy, origin, source=given.source)
    if given.vkeys:
        return TrustedKeys.from_vkeys(given.vkeys, source=given.source)
    pin = pins.find(origin)
    if pin is not None:
        return TrustedKeys.from_vkeys(pin.vkeys, source=given.source)
    if not shown:
        return None
    return TrustedKeys.from_vkeys(shown, source="the keys that the log itself shows", pinned_now=True)


def verify_with_pins(
    target: LogTarget, *, pins: Pins, options: VerifyOptions | None = None, place: str | None = None
) -> LogReport:
    """Verify ``target`` against the checkpoint remembered for its origin, and remember what was verified.

    ``target.remembered`` is filled in here. ``place`` is where the log was found: a folder's absolute path, or a URL.
    Keys that are shown for the first time are pinned when they have signed the checkpoint, unless another log was at
    that place before. Without trusted keys nothing is remembered.

    Raises:
        Unavailable: something could not be had now. Nothing is known then.
        Forbidden: these credentials do not give the right to read the log's files.
        Unauthenticated: the server wants credentials, or others.
    """
    if target.trusted is None:
        return verify_log(target, options)
    origin = target.trusted.origin
    remembered = pins.recall(origin)
    report = verify_log(replace(target, remembered=remembered), options)
    signed = report.verdicts[VerdictName.SIGNED].status is Status.VERIFIED
    before = None if place is None else pins.origin_at(place)
    if target.trusted.pinned_now and before not in (None, origin):
        return _replaced(report, before, origin)
    if target.trusted.pinned_now and signed:
        pins.pin(origin, target.trusted.vkeys)
    elif not signed:
        report = replace(report, pinned=())
    if place is not None and signed:
        pins.remember_place(place, origin)
    if report.checkpoint is None:
        return report
    consistent = report.verdicts[VerdictName.CONSISTENT]
    note = None
    if consistent.status is Status.FAILED and remembered is not None:
        folder = pins.keep_evidence(origin, remembered=remembered, offered=report.checkpoint, reason=consistent.detail)
        note = f"both checkpoints are kept as evidence in {folder}"
    elif _may_be_remembered(report, remembered):
        try:
            pins.remember(origin, report.checkpoint, after=remembered)
        except RolledBack as error:
            note = str(error)
    return report if note is None else replace(report, notes=(*report.notes, note))


def _replaced(report: LogReport, before: str | None, origin: str) -> LogReport:
    """The report on a log that stands where another one was, and that nobody vouches for."""
    detail = (
        f"the log at this place was {before!r}; now {origin!r} stands here, whose keys nobody has vouched for; "
        "if that is meant to be so, give its keys with --vkey or --policy"
    )
    finding = Finding(kind=FindingKind.INCONSISTENT, path="checkpoint", expected=before, found=origin, detail=detail)
    failed = Verdict(status=Status.FAILED, detail=detail)
    verdicts = {**report.verdicts, VerdictName.CONSISTENT: failed}
    return replace(report, verdicts=verdicts, findings=(finding, *report.findings), pinned=())


def _may_be_remembered(report: LogReport, remembered: bytes | None) -> bool:
    """Whether the checkpoint is the log's word and contradicts nothing; damage to files does not change that."""
    if report.verdicts[VerdictName.SIGNED].status is not Status.VERIFIED:
        return False
    consistent = report.verdicts[VerdictName.CONSISTENT].status
    return consistent is Status.VERIFIED or (consistent is Status.NOT_CHECKED and remembered is None)
