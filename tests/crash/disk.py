"""A disk that fails at chosen acts: on a real directory, so that what is left can be opened again.

Each durable act (create, write, truncate, sync, link, replace, unlink, making and removing directories) is counted. At
a chosen one the fault chosen for it strikes. After a kill every further act is one that a dead process did not do.
Syncs are counted and may fail, but sync nothing: a process that is killed loses nothing that it wrote.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from indelible.storage.durable import Disk
from indelible.storage.system_calls import SystemCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Fault", "FaultyCalls", "KilledError", "faulty_disk"]

T = TypeVar("T")

SYNCS = frozenset({"datasync", "sync", "sync_file_system", "sync_directory"})
NEED_SPACE = frozenset({"create", "write", "link", "replace", "make_directory"})


class KilledError(BaseException):
    """The process is dead from here on: nothing may catch this and go on."""


class Fault(StrEnum):
    """What happens at the chosen act."""

    KILLED_BEFORE = "killed before"
    KILLED_WITHIN = "killed within a write"
    KILLED_AFTER = "killed after"
    EIO = "EIO"
    ENOSPC = "ENOSPC"
    SHORT_WRITE = "short write"
    SHORT_THEN_ENOSPC = "short write, then ENOSPC"
    SYNC_FAILS = "sync fails"

    def concerns(self, act: str) -> bool:
        """Whether this fault can strike at such an act."""
        if self in {Fault.KILLED_WITHIN, Fault.SHORT_WRITE, Fault.SHORT_THEN_ENOSPC}:
            return act == "write"
        if self is Fault.ENOSPC:
            return act in NEED_SPACE
        if self is Fault.SYNC_FAILS:
            return act in SYNCS
        return self is not Fault.EIO or act not in SYNCS  # that one is SYNC_FAILS


def _sync_nothing(descriptor: int) -> None:
    os.fstat(descriptor)


class FaultyCalls(SystemCalls):
    """The system's calls. Some, given by their numbers from 0 on, meet faults; ``acts`` names all so far."""

    def __init__(self, faults: Mapping[int, Fault]) -> None:
        self._real = SystemCalls(datasync=_sync_nothing, sync=_sync_nothing, sync_file_system=_sync_nothing)
        super().__init__(datasync=_sync_nothing, sync=_sync_nothing, sync_file_system=_sync_nothing)
        self.faults = faults
        self.acts: list[str] = []
        self.dead = False
        self._full_at: int | None = None
        self._opened: set[int] = set()

    def _act(self, name: str, call: Callable[[], T], half: Callable[[], T] | None = None) -> T:
        if self.dead:
            raise KilledError
        number = len(self.acts)
        self.acts.append(name)
        if number == self._full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fault = self.faults.get(number)
        if fault is None or not fault.concerns(name):
            return call()
        return self._strike(fault, call, half)

    def _strike(self, fault: Fault, call: Callable[[], T], half: Callable[[], T] | None) -> T:
        if fault in {Fault.EIO, Fault.SYNC_FAILS}:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if fault is Fault.ENOSPC:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if fault in {Fault.SHORT_WRITE, Fault.SHORT_THEN_ENOSPC}:
            assert half is not None
            if fault is Fault.SHORT_THEN_ENOSPC:
                self._full_at = len(self.acts)
            return half()
        self.dead = True
        if fault is Fault.KILLED_AFTER:
            call()
        elif fault is Fault.KILLED_WITHIN:
            assert half is not None
            half()
        raise KilledError

    def release(self) -> None:
        """Close what is still open, as the kernel does for a process that is dead."""
        while self._opened:
            os.close(self._opened.pop())

    def _note(self, descriptor: int) -> int:
        self._opened.add(descriptor)
        return descriptor

    @override
    def create(self, path: Path, mode: int) -> int:
        return self._act("create", lambda: self._note(self._real.create(path, mode)))

    @override
    def open(self, path: Path) -> int:
        return self._note(self._real.open(path))

    @override
    def close(self, descriptor: int) -> None:
        self._opened.discard(descriptor)
        self._real.close(descriptor)

    @override
    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        return self._act(
            "write",
            lambda: self._real.write(descriptor, data, offset),
            lambda: self._real.write(descriptor, data[: max(1, len(data) // 2)], offset),
        )

    @override
    def truncate(self, descriptor: int, size: int) -> None:
        self._act("truncate", lambda: self._real.truncate(descriptor, size))

    @override
    def datasync(self, descriptor: int) -> None:
        self._act("datasync", lambda: self._real.datasync(descriptor))

    @override
    def sync(self, descriptor: int) -> None:
        self._act("sync", lambda: self._real.sync(descriptor))

    @override
    def sync_file_system(self, descriptor: int) -> None:
        self._act("sync_file_system", lambda: self._real.sync_file_system(descriptor))

    @override
    def sync_directory(self, path: Path) -> None:
        self._act("sync_directory", lambda: self._real.sync_directory(path))

    @override
    def link(self, source: Path, target: Path) -> None:
        self._act("link", lambda: self._real.link(source, target))

    @override
    def replace(self, source: Path, target: Path) -> None:
        self._act("replace", lambda: self._real.replace(source, target))

    @override
    def unlink(self, path: Path) -> None:
        self._act("unlink", lambda: self._real.unlink(path))

    @override
    def make_directory(self, path: Path) -> None:
        self._act("make_directory", lambda: self._real.make_directory(path))

    @override
    def remove_directory(self, path: Path) -> None:
        self._act("remove_directory", lambda: self._real.remove_directory(path))


def faulty_disk(faults: Mapping[int, Fault] | None = None) -> tuple[Disk, FaultyCalls]:
    """A disk with faults at some acts, and its calls; without any, one that only counts."""
    calls = FaultyCalls(faults or {})
    return Disk(calls), calls
