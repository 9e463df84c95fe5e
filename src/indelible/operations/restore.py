"""Restoring a backup: verified before it can serve anything, and never continued behind what others have seen.

The files must be those that were backed up, every log must verify under the keys that are pinned or given, and its
checkpoint must not be older than one that is remembered, here or in a file kept elsewhere. A log that is older is not
restored, unless it may be closed and succeeded by a new one that names it (:mod:`indelible.embedded.succession`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from indelible.config import load_configuration
from indelible.control.copying import check_control_data
from indelible.embedded.data_directory import SYSTEM_LOG
from indelible.embedded.succession import Succession, succeed
from indelible.errors import IntegrityError, RolledBack, UsageError
from indelible.operations.folder_writer import FolderWriter
from indelible.operations.manifest import MANIFEST, Manifest, check_sums
from indelible.storage.posix import LogPaths
from indelible.trust.pinned_verification import trusted_keys
from indelible.trust.stored_log import beside_log
from indelible.verify.fetch import DirectoryFetcher
from indelible.verify.signatures import check_signatures, read_checkpoint
from indelible.verify.verdicts import FindingKind, Report, Status
from indelible.verify.verification import LogTarget, verify_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from indelible.config import LogConfiguration
    from indelible.trust.pinned_verification import GivenKeys
    from indelible.trust.pins import Pins
    from indelible.verify.trusted_keys import TrustedKeys
    from indelible.verify.verdicts import LogReport
    from indelible.verify.verification import VerifyOptions

__all__ = ["Restored", "Restoring", "restore"]

_CHUNK = 1 << 20
_OBJECT, _PRIVATE = 0o444, 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """How to restore.

    Attributes:
        pins: What this user remembers.
        given: Keys that the user gave.
        checkpoints: Checkpoints that were kept elsewhere, signed notes.
        successors: Whether a log that is behind may be closed and succeeded.
        environment: Says where keys are pinned.
        options: How logs are verified.
        on_file: Called for each file that has been checked.
    """

    pins: Pins
    given: GivenKeys
    checkpoints: Sequence[bytes] = ()
    successors: bool = False
    environment: Mapping[str, str]
    options: VerifyOptions | None = None
    on_file: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored.

    Attributes:
        path: The new data directory.
        manifest: Of the backup.
        report: The verification of its logs.
        unremembered: Logs of which nothing was remembered to hold them against.
        successions: The logs that were closed, and what succeeded them.
    """

    path: Path
    manifest: Manifest
    report: Report
    unremembered: tuple[str, ...]
    successions: tuple[Succession, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that ``indelible restore --json`` prints."""
        return {
            "data": str(self.path),
            "made_at": self.manifest.made_at,
            "keys": self.manifest.keys,
            "logs": [{"log": log.log, "size": log.size, "root": log.root} for log in self.manifest.logs],
            "unremembered": list(self.unremembered),
            "successions": [
                {name: getattr(each, name) for name in ("log", "origin", "closed", "predecessor", "size")}
                | {"vkeys": list(each.vkeys)}
                for each in self.successions
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One log of the backup, and whether something newer is remembered of it."""

    log: LogConfiguration
    report: LogReport
    trusted: TrustedKeys
    remembered: bytes | None
    behind: bool


def restore(backup: Path, target: Path, how: Restoring) -> Restored:
    """Make the data directory ``target`` from a backup.

    Raises:
        NotFound: ``backup`` is none.
        UsageError: there is something at ``target``, or a checkpoint that was given is of no log of the backup.
        IntegrityError: the backup is not what was backed up, or does not verify; nothing was restored.
        RolledBack: a log of it is older than what is remembered; nothing was restored.
    """
    manifest = Manifest.load(backup)
    sums = check_sums(backup, how.on_file)
    if "control.sqlite" in sums:
        check_control_data(backup / "control.sqlite")
    judged = _judge(backup, how)
    behind = [each for each in judged if each.behind]
    if behind and not how.successors:
        raise RolledBack(_refusal(behind))
    with FolderWriter(target) as writer:
        for name in sums.keys() - {MANIFEST}:
            mode = _OBJECT if name.startswith("logs/") else _PRIVATE
            writer.write(name, _chunks(backup / name), mode=mode)
            if writer.sums[name] != sums[name]:
                raise IntegrityError(f"{backup / name} has changed while it was read; nothing was restored")
        for each in judged:
            writer.folder(f"state/{each.log.name}/ids")
        reason = f"restored from the backup of {manifest.made_at}, which is older than what is remembered of the log"
        successions = tuple(
            succeed(writer.path, each.log.name, reason=reason, remembered=each.remembered, environment=how.environment)
            # The system log first: that the others are closed and succeeded is recorded in it.
            for each in sorted(behind, key=lambda each: each.log.name != SYSTEM_LOG)
        )
        writer.finish()
    _remember(target, judged, successions, how.pins)
    return Restored(
        path=target,
        manifest=manifest,
        report=Report(target=str(backup), logs=tuple(each.report for each in judged)),
        unremembered=tuple(each.log.name for each in judged if each.remembered is None),
        successions=successions,
    )


def _judge(backup: Path, how: Restoring) -> list[_Judged]:
    text = (backup / "indelible.toml").read_text("utf-8")
    logs = load_configuration(text, source=str(backup / "indelible.toml")).configuration.logs
    judged = [_judge_log(backup, log, how) for log in logs.values()]
    origins = {log.origin for log in logs.values()}
    for note in how.checkpoints:
        checkpoint = read_checkpoint(note).checkpoint
        if checkpoint is None or checkpoint.origin not in origins:
            raise UsageError("a checkpoint that was given is none, or not of a log of this backup")
    return judged


def _judge_log(backup: Path, log: LogConfiguration, how: Restoring) -> _Judged:
    trusted = trusted_keys(log.origin, given=how.given, pins=how.pins, shown=log.vkeys)
    if trusted is None:
        raise IntegrityError(f"the backup names no key of the log {log.name}; give it with --policy")
    paths = LogPaths(backup, log.name)
    target = LogTarget(
        name=log.name, fetcher=DirectoryFetcher(paths.objects), trusted=trusted, beside=beside_log(paths)
    )
    remembered = _newest(trusted, [how.pins.recall(log.origin), *how.checkpoints])
    report = verify_log(replace(target, remembered=remembered), how.options)
    wrong = [finding for finding in report.findings if finding.kind is not FindingKind.ROLLED_BACK]
    if wrong:
        raise IntegrityError(f"the log {log.name} of this backup does not verify: {wrong[0].detail}")
    behind = len(report.findings) > 0
    if not behind and report.worst() is not Status.VERIFIED:
        raise IntegrityError(f"not everything about the log {log.name} of this backup could be verified")
    return _Judged(log=log, report=report, trusted=trusted, remembered=remembered, behind=behind)


def _newest(trusted: TrustedKeys, notes: Sequence[bytes | None]) -> bytes | None:
    """The largest of the checkpoints that this log's keys have signed."""
    found: tuple[int, bytes] | None = None
    for note in notes:
        reading = read_checkpoint(note) if note is not None else None
        if reading is None or reading.checkpoint is None or reading.checkpoint.origin != trusted.origin:
            continue
        if check_signatures(reading, trusted)[0].status is not Status.VERIFIED:
            raise UsageError(f"a checkpoint of {trusted.origin} that is remembered or was given is not signed by it")
        if note is not None and (found is None or reading.checkpoint.size > found[0]):
            found = (reading.checkpoint.size, note)
    return None if found is None else found[1]


def _refusal(behind: Sequence[_Judged]) -> str:
    logs = "; ".join(f"{each.log.name}: {each.report.findings[0].detail}" for each in behind)
    return (
        f"{logs}. Nothing was restored: going on from here would give the log a second history. "
        "Look for a newer backup; or, if what is missing is lost, restore with --successors: "
        "then such a log is kept, closed, and a new one that names it takes its place"
    )


def _remember(target: Path, judged: Sequence[_Judged], successions: Sequence[Succession], pins: Pins) -> None:
    """Pin the keys that were taken on trust, and remember which log is at which place now."""
    closed = {each.predecessor: each.closed for each in successions}
    for each in judged:
        if each.trusted.pinned_now:
            pins.pin(each.log.origin, each.trusted.vkeys)
        name = closed.get(each.log.origin, each.log.name)
        pins.remember_place(str(LogPaths(target, name).objects.resolve()), each.log.origin)
    for succession in successions:
        pins.remember_place(str(LogPaths(target, succession.log).objects.resolve()), succession.origin)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
