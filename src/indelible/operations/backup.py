"""A backup: a copy of a data directory that is consistent with itself, while a server runs on it, and without its lock.

Each log is held still by :mod:`indelible.operations.snapshot` and copied. Then the control database, by SQLite's own
means, so that a key revoked while that took its time stays revoked. The system log is last: every act that the copied
control data shows is on record in it. What was written is verified: every entry against the copied tree, the checkpoint
against the pinned keys and against what is remembered of the log. Derived data is left out.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import indelible
from indelible.config import load_configuration
from indelible.control.copying import copy_control_data
from indelible.embedded.data_directory import SYSTEM_LOG
from indelible.errors import IntegrityError
from indelible.operations.folder_writer import FolderWriter
from indelible.operations.manifest import MANIFEST, SUMS, BackedUpLog, Manifest, digest_of, encode_sums
from indelible.operations.snapshot import LogSnapshot, object_count
from indelible.storage.posix import LogPaths
from indelible.trust.pinned_verification import GivenKeys, trusted_keys
from indelible.trust.stored_log import beside_log
from indelible.verify.fetch import DirectoryFetcher
from indelible.verify.verdicts import Report
from indelible.verify.verification import LogTarget, verify_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from indelible.config import LogConfiguration
    from indelible.embedded import DataDirectory
    from indelible.trust.pins import Pins
    from indelible.verify.verdicts import LogReport
    from indelible.verify.verification import VerifyOptions

__all__ = ["Backup", "back_up", "name_by_time", "newest_backup"]

_CHUNK = 1 << 20
_DERIVED = {"index", "lock", "reserve"}
_CONTROL = {"control.sqlite", "control.sqlite-wal", "control.sqlite-shm"}
_COPIED = {"indelible.toml", "keys", "logs", "journal", "state", *_CONTROL}
_FULL_OBJECT = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that has been made and verified.

    Attributes:
        path: Where it is.
        manifest: What it holds.
        report: The verification of its logs.
        files: How many files it has, and how many of them are shared with the backup before.
        reused: See ``files``.
        bytes: How much was written.
        left_out: What lies in the data directory and is not in the backup, and why.
    """

    path: Path
    manifest: Manifest
    report: Report
    files: int
    reused: int
    bytes: int
    left_out: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The object that ``indelible backup --json`` prints."""
        return {
            "backup": str(self.path),
            **asdict(self.manifest),
            "files": self.files,
            "reused": self.reused,
            "bytes": self.bytes,
            "left_out": self.left_out,
            "verified": self.report.exit_status() == 0,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What is backed up, how, and whom to tell."""

    directory: DataDirectory
    logs: tuple[LogConfiguration, ...]
    previous: Path | None
    on_progress: Callable[[int, int], None]


def back_up(
    directory: DataDirectory,
    target: Path,
    *,
    pins: Pins,
    keys: bool = True,
    previous: Path | None = None,
    options: VerifyOptions | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Backup:
    """Copy a data directory into the new folder ``target``, and verify the copy.

    Args:
        directory: What to back up; a server may be running on it.
        target: Where to; it must not exist yet.
        pins: The keys and checkpoints that the copy is held against.
        keys: Whether the logs' private keys are copied. Without them no log can be continued from this backup alone.
        previous: An earlier backup of the same directory: full tiles and bundles, which never change, are shared with
            it by hard links where the file system allows.
        options: How the copy is verified.
        on_progress: Called with how many tiles and bundles of all logs are copied, and how many there are.

    Raises:
        UsageError: there is something at ``target``.
        IntegrityError: the copy does not verify, since the source does not; nothing is left at ``target``.
        StorageFull: no space for it.
    """
    made_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    configuration = directory.configuration_path.read_bytes()
    names = load_configuration(configuration.decode(), source=str(directory.configuration_path)).configuration.logs
    source = _Source(directory=directory, logs=tuple(names.values()), previous=previous, on_progress=on_progress)
    # Before anything is copied: a verifier may move on while that goes on.
    remembered = {log.origin: pins.recall(log.origin) for log in source.logs}
    with FolderWriter(target) as writer:
        writer.write("indelible.toml", configuration)
        logs: list[BackedUpLog] = []
        _copy_logs(source, writer, (name for name in names if name != SYSTEM_LOG), logs)
        if keys:
            for path in sorted((directory.path / "keys").rglob("*")):
                if path.is_file():
                    writer.write(path.relative_to(directory.path).as_posix(), path.read_bytes())
        if directory.control_path.exists():
            copy_control_data(directory.control_path, writer.path / "control.sqlite")
            writer.sums["control.sqlite"] = digest_of(writer.path / "control.sqlite")
        _copy_logs(source, writer, (name for name in names if name == SYSTEM_LOG), logs)
        manifest = Manifest(made_at=made_at, version=indelible.__version__, keys=keys, logs=tuple(logs))
        writer.write(MANIFEST, manifest.encode())
        report = _verify(source.logs, writer.path, pins, remembered, options)
        if report.exit_status() == 1:
            first = next(finding for log in report.logs for finding in log.findings)
            raise IntegrityError(f"the copy does not verify, so the source does not: {first.detail}; nothing was kept")
        writer.write(SUMS, encode_sums(writer.sums))
        writer.finish()
    return Backup(
        path=target,
        manifest=manifest,
        report=report,
        files=len(writer.sums),
        reused=writer.linked,
        bytes=writer.bytes,
        left_out=_left_out(directory.path, keys=keys),
    )


def name_by_time() -> str:
    """A name for a backup that is begun now; names sort as the backups were made."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H%M%SZ")


def newest_backup(folder: Path) -> Path | None:
    """The backup in a folder of backups whose name is the last, if there is one."""
    if not folder.is_dir():
        return None
    return max((path for path in folder.iterdir() if (path / MANIFEST).is_file()), default=None)


def _copy_logs(source: _Source, writer: FolderWriter, names: Iterable[str], logs: list[BackedUpLog]) -> None:
    """Copy logs, and add each to ``logs``, those that have been copied."""
    done = sum(object_count(log.size) for log in logs)
    for name in names:
        with LogSnapshot.take(source.directory.paths(name)) as snapshot:
            total = done + object_count(snapshot.size)
            for path in snapshot.object_paths():
                _copy_object(source, writer, name, path, snapshot)
                done += 1
                source.on_progress(done, total)
            _copy_rest(writer, name, snapshot)
            checkpoint = snapshot.published.checkpoint
            logs.append(
                BackedUpLog(
                    log=name,
                    origin=checkpoint.origin,
                    size=checkpoint.size,
                    root=checkpoint.root.hex(),
                    journaled=snapshot.journal.end,
                )
            )


def _copy_object(source: _Source, writer: FolderWriter, name: str, path: str, snapshot: LogSnapshot) -> None:
    """Copy one tile or bundle, or share it with the backup before."""
    target = f"logs/{name}/{path}"
    if source.previous is None or ".p/" in path or not writer.link(target, source.previous / target):
        writer.write(target, snapshot.object(path), mode=_FULL_OBJECT)


def _copy_rest(writer: FolderWriter, name: str, snapshot: LogSnapshot) -> None:
    writer.write(f"logs/{name}/checkpoint", snapshot.published.note, mode=_FULL_OBJECT)
    writer.folder(f"journal/{name}")
    for segment, data in snapshot.journal.segments():
        writer.write(f"journal/{name}/{segment}", data)
    writer.folder(f"state/{name}/ids")
    for run in snapshot.runs:
        writer.write(f"state/{name}/ids/{run.name}", _chunks(run.descriptor))
    writer.write(f"state/{name}/checkpoint-state", snapshot.state())


def _chunks(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while chunk := os.pread(descriptor, _CHUNK, offset):
        yield chunk
        offset += len(chunk)


def _verify(
    logs: Iterable[LogConfiguration],
    copy: Path,
    pins: Pins,
    remembered: Mapping[str, bytes | None],
    options: VerifyOptions | None,
) -> Report:
    reports: list[LogReport] = []
    for log in logs:
        paths = LogPaths(copy, log.name)
        target = LogTarget(
            name=log.name,
            fetcher=DirectoryFetcher(paths.objects),
            trusted=trusted_keys(log.origin, given=GivenKeys(), pins=pins, shown=log.vkeys),
            remembered=remembered[log.origin],
            beside=beside_log(paths),
        )
        reports.append(verify_log(target, options))
    return Report(target=str(copy), logs=tuple(reports))


def _left_out(folder: Path, *, keys: bool) -> dict[str, str]:
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name in _DERIVED:
            found[path.name] = "made again when it is needed"
        elif path.name == "keys" and not keys:
            found[path.name] = "by your wish"
        elif path.name not in _COPIED:
            found[path.name] = "not Indelible's own"
    return found
