"""Each log: its keys, its right edge, what is remembered of it, what lags behind, and whether the clock fits."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from indelible.events.timestamps import to_microseconds
from indelible.log.recovery import last_received_at
from indelible.operations.doctor.diagnosis import Diagnosis, Question, problem, sound, warning
from indelible.storage.posix import lock_holder, read_journal
from indelible.trust.pinned_verification import GivenKeys, trusted_keys
from indelible.trust.signer import LogKeys
from indelible.trust.stored_log import beside_log
from indelible.verify.fetch import DirectoryFetcher
from indelible.verify.verdicts import FindingKind
from indelible.verify.verification import LogTarget, VerifyOptions, verify_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indelible.config import LogConfiguration
    from indelible.embedded import DataDirectory
    from indelible.trust.pins import Pins

__all__ = ["log_questions"]


def log_questions(directory: DataDirectory, pins: Pins) -> list[tuple[str, Question]]:
    """What to ask about every log."""
    questions: list[tuple[str, Question]] = []
    for log in directory.configuration.logs.values():
        questions += [
            (f"{log.name}: keys", partial(_keys, directory, log)),
            (f"{log.name}: pins", partial(_pins, log, pins)),
            (f"{log.name}: right edge", partial(_right_edge, directory, log, pins)),
            (f"{log.name}: publication", partial(_publication, directory, log)),
            (f"{log.name}: index", partial(_index, directory, log)),
            (f"{log.name}: clock", partial(_clock, directory, log)),
        ]
    return questions


def _keys(directory: DataDirectory, log: LogConfiguration) -> Iterator[Diagnosis]:
    subject, folder = f"{log.name}: keys", directory.path / "keys" / log.name
    if not folder.exists():
        if log.read_only:
            yield sound(subject, "none, and none are needed: the log is closed")
            return
        yield problem(
            subject, f"{folder} is missing: the log can be read, not continued", "restore the keys from where they are"
        )
        return
    if LogKeys.load(folder).vkeys != log.vkeys:  # raises when others can reach them
        remedy = "restore keys and configuration from one backup"
        yield problem(subject, "they are not those that the configuration names", remedy)
        return
    yield sound(subject, "private, and those that the configuration names")


def _pins(log: LogConfiguration, pins: Pins) -> Iterator[Diagnosis]:
    subject = f"{log.name}: pins"
    pin = pins.find(log.origin)
    if pin is None:
        yield warning(
            subject,
            "this user has pinned no keys of the log, so nothing here would notice other ones",
            "run `indelible verify`, and compare the keys that it pins with those that `init` printed",
        )
    elif set(pin.vkeys) != set(log.vkeys):
        remedy = "find out who changed the configuration; the pins are what you have seen before"
        yield problem(subject, "the pinned keys are not those that the configuration names", remedy)
    elif pin.checkpoint is None:
        remedy = "run `indelible verify`, here and on another machine, regularly"
        yield warning(
            subject, "keys are pinned, but no checkpoint is remembered: an old copy would not be noticed", remedy
        )
    else:
        yield sound(subject, "keys are pinned, and a checkpoint is remembered")


def _right_edge(directory: DataDirectory, log: LogConfiguration, pins: Pins) -> Iterator[Diagnosis]:
    """The quick verification: signatures, the newest tiles, and that what is remembered is still there."""
    subject, paths = f"{log.name}: right edge", directory.paths(log.name)
    target = LogTarget(
        name=log.name,
        fetcher=DirectoryFetcher(paths.objects),
        trusted=trusted_keys(log.origin, given=GivenKeys(), pins=pins, shown=log.vkeys),
        remembered=pins.recall(log.origin),
        beside=beside_log(paths),
    )
    report = verify_log(target, VerifyOptions(quick=True))
    for finding in report.findings:
        if log.read_only and finding.kind is FindingKind.ROLLED_BACK:
            yield warning(subject, f"closed, and incomplete: {finding.line}", "its successor says why; watch that one")
        else:
            yield problem(subject, finding.line, "keep the directory as it is and run `indelible verify`")
    if not report.findings:
        yield sound(subject, f"{report.size:,} entries: signed, and consistent with what is remembered")


def _publication(directory: DataDirectory, log: LogConfiguration) -> Iterator[Diagnosis]:
    subject = f"{log.name}: publication"
    with read_journal(directory.paths(log.name).journal) as journal:
        waiting = max(0, journal.end - directory.open_reader(log.name).size)
    if waiting > directory.configuration.readiness.publish_lag:
        remedy = "look at the disk, and for publish_delayed in the server's log"
        yield problem(subject, f"{waiting:,} acknowledged entries are under no signed checkpoint", remedy)
    elif waiting and not log.read_only and lock_holder(directory.lock_path) is None:
        remedy = "start the server; it publishes them first"
        yield warning(subject, f"{waiting:,} acknowledged entries are under no checkpoint, and nothing runs", remedy)
    else:
        yield sound(subject, f"{waiting:,} entries wait")


def _index(directory: DataDirectory, log: LogConfiguration) -> Iterator[Diagnosis]:
    subject, settings = f"{log.name}: index", directory.configuration
    if not settings.index.enabled:
        yield sound(subject, "the configuration does without")
        return
    try:
        from indelible.index.segment_file import is_as_written, parse_name  # noqa: PLC0415 - of the server's extra
    except ImportError:
        yield sound(subject, "this is the bare install, which searches without one")
        return
    folder = directory.paths(log.name).index
    segments = {path: name for path in folder.glob("*.parquet") if (name := parse_name(path.name))}

    def is_altered(path: Path) -> bool:
        try:
            return not is_as_written(path)
        except OSError:  # no less reason to make it anew
            return True

    altered = [path.name for path in sorted(segments) if is_altered(path)]
    if altered:
        yield problem(
            subject,
            f"{altered[0]} is not what was written{f', and {len(altered) - 1:,} more' if altered[1:] else ''}: "
            "what is searched or counted by it may be wrong",
            f"delete it in {folder}; it is built again from the log, by a running server after its next start",
        )
        return
    spans = sorted((name.first, name.end) for name in segments.values())
    indexed = 0
    for first, end in spans:
        if first > indexed:
            break
        indexed = max(indexed, end)
    size = directory.open_reader(log.name).size
    # What is not in a full segment is kept in the server's memory, and read again at each start.
    missing = size // settings.index.segment_entries * settings.index.segment_entries - indexed
    if missing > settings.readiness.index_lag:
        yield warning(
            subject,
            f"{missing:,} entries are not in it yet: they cannot be found until the server has caught up",
            "leave the server running; indelible_log_index_lag shows how far it is",
        )
    else:
        yield sound(subject, f"{indexed:,} of {size:,} entries are in segments")


def _clock(directory: DataDirectory, log: LogConfiguration) -> Iterator[Diagnosis]:
    subject = f"{log.name}: clock"
    last = last_received_at(directory.open_reader(log.name), ())
    if last is None:
        return
    ahead = to_microseconds(last) / 1e6 - time.time()
    if ahead > directory.configuration.log.clock_tolerance:
        yield problem(
            subject,
            f"the last entry is {ahead:,.0f} seconds in the future: this clock lags, or was ahead",
            "set the clock right and keep it so (chrony, systemd-timesyncd); entries keep their order all the same",
        )
    else:
        yield sound(subject, f"the last entry was received at {last}")
