"""The machine: space, the file system, the limits of processes."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from indelible.operations.doctor.diagnosis import Diagnosis, Question, problem, sound, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indelible.embedded import DataDirectory

__all__ = ["file_system_type", "host_questions"]

_FEW = 0.1
_OPEN_FILES = 4_096
_SHARED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "vboxsf"})
_MEMORY = frozenset({"tmpfs", "ramfs"})
_MOUNTS = Path("/proc/self/mounts")


def host_questions(directory: DataDirectory) -> list[tuple[str, Question]]:
    """What to ask about the machine."""
    least = directory.configuration.readiness.min_free_disk
    return [
        ("disk", lambda: _disk(directory.path, least)),
        ("file system", lambda: _file_system(directory.path)),
        ("open files", _open_files),
    ]


def _disk(path: Path, least: int) -> Iterator[Diagnosis]:
    usage, nodes = shutil.disk_usage(path), os.statvfs(path)
    free = f"{usage.free / 2**30:,.1f} of {usage.total / 2**30:,.1f} GiB are free"
    remedy = "make the disk larger, or move the directory to a larger one: records are never deleted to make room"
    if usage.free < least:
        yield problem("disk", f"{free}, less than [readiness] min_free_disk", remedy)
    elif usage.free < usage.total * _FEW:
        yield warning("disk", free, remedy)
    else:
        yield sound("disk", free)
    if nodes.f_files and nodes.f_favail < nodes.f_files * _FEW:  # some file systems have no fixed number of them
        yield warning("disk", f"only {nodes.f_favail:,} more files can be made", "use a file system with more inodes")


def _file_system(path: Path) -> Iterator[Diagnosis]:
    kind = file_system_type(path)
    if kind in _SHARED:
        yield problem(
            "file system",
            f"the directory is on {kind}, where neither the lock nor syncing can be relied on",
            "move it to a local disk",
        )
    elif kind in _MEMORY:
        yield problem("file system", f"the directory is on {kind}: a restart loses it", "move it to a disk")
    elif kind is not None:
        yield sound("file system", kind)


def file_system_type(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the file system that holds ``path``, where the system tells (Linux)."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    real, best, kind = path.resolve(), -1, None
    for line in lines:
        _, place, this, *_ = line.split(" ")
        folder = Path(place.replace("\\040", " "))
        if real.is_relative_to(folder) and len(folder.parts) >= best:
            best, kind = len(folder.parts), this
    return kind


def _open_files() -> Iterator[Diagnosis]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _OPEN_FILES and soft != resource.RLIM_INFINITY:
        yield warning(
            "open files",
            f"a process started from here may have {soft:,} files and connections open",
            f"raise it to {_OPEN_FILES:,} or more: LimitNOFILE= in a systemd unit, `ulimit -n` in a shell",
        )
    else:
        yield sound("open files", f"up to {soft:,}")
