"""What is done to each store before a crash, what it promises meanwhile, and whether it keeps that afterwards.

A workload runs on any system calls and notes what it begins and what it is promised, each with the moment. ``check``
opens what a crash has left, by other calls, holds it to the promises given by then, and shows that it can be used on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from indelible.errors import NotFound, ReadOnly, StorageFull
from indelible.storage.durable import Disk
from indelible.storage.posix.checkpoint_state import PosixCheckpoints
from indelible.storage.posix.id_runs import PosixIds
from indelible.storage.posix.journal import PosixJournal
from indelible.storage.posix.objects import PosixObjects
from indelible.storage.posix.staging import Staging
from tests.contract.states import state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from indelible.storage.system_calls import SystemCalls

__all__ = ["WORKLOADS", "Workload"]

T = TypeVar("T")
FOREVER = 1 << 62


class Workload(ABC):
    """One store at work in one folder."""

    def __init__(self, root: Path, calls: SystemCalls, moment: Callable[[], int] = lambda: 0) -> None:
        """Work in ``root``; ``moment`` says how many acts have been done."""
        self.root = root
        self.calls = calls
        self.moment = moment
        for name in ("store", "tmp"):
            (root / name).mkdir(exist_ok=True)

    def staging(self, root: Path, calls: SystemCalls) -> Staging:
        """For the store's temporaries, as after a start."""
        staging = Staging(Disk(calls), root / "tmp")
        staging.clean()
        return staging

    def run(self) -> None:
        """Do everything; after a failure for good, nothing more."""
        try:
            self.work()
        except ReadOnly:
            return

    def insist(self, act: Callable[[], T]) -> T:
        """Do something once more if there was no space for it: nothing had happened."""
        try:
            return act()
        except StorageFull:
            return act()

    @abstractmethod
    def work(self) -> None:
        """Do everything."""

    @abstractmethod
    def recover(self, root: Path, calls: SystemCalls) -> None:
        """Start on what is in ``root``, do a little, and stop."""

    @abstractmethod
    def check(self, root: Path, calls: SystemCalls, moment: int = FOREVER) -> None:
        """Hold the store in ``root`` to what was promised up to ``moment``."""


class JournalWork(Workload):
    """Groups of all sizes, several segments, trimming that deletes and trimming that copies."""

    GROUPS = (1, 3, 30, 1, 1, 7, 60, 2, 40, 1, 1)

    def __init__(self, root: Path, calls: SystemCalls, moment: Callable[[], int] = lambda: 0) -> None:
        super().__init__(root, calls, moment)
        self.begun: list[tuple[int, int]] = [(-1, 0)]
        self.promised: list[tuple[int, int]] = [(-1, 0)]
        self.trimmed: list[tuple[int, int]] = [(-1, 0)]
        self.continued = 0  # groups of one entry appended between two crashes

    def entry(self, index: int) -> bytes:
        return b'{"n":%d,"pad":"%s"}' % (index, b"p" * (index * 37 % 90))

    @override
    def work(self) -> None:
        journal = self.insist(lambda: self.open(self.root, self.calls))
        for number, count in enumerate(self.GROUPS):
            end = journal.end + count
            try:
                self.append(journal, end)
            except StorageFull:  # something shorter comes next: it does not cover what was half written
                self.append(journal, end - count // 2)
                if journal.end < end:
                    self.append(journal, end)
            if number % 3 == 2:
                below = end // 16 * 16
                self.trimmed.append((self.moment(), below))
                self.insist(lambda: journal.trim(below))  # noqa: B023
        journal.close()

    def append(self, journal: PosixJournal, end: int) -> None:
        self.begun.append((self.moment(), end))
        journal.append(journal.end, list(map(self.entry, range(journal.end, end))))
        self.promised.append((self.moment(), end))

    @override
    def recover(self, root: Path, calls: SystemCalls) -> None:
        journal = self.open(root, calls)
        self.continued = 1
        journal.append(journal.end, [self.entry(journal.end)])
        journal.close()

    def open(self, root: Path, calls: SystemCalls) -> PosixJournal:
        return PosixJournal.create(root / "store", self.staging(root, calls), segment_bytes=3_000)

    @override
    def check(self, root: Path, calls: SystemCalls, moment: int = FOREVER) -> None:
        journal = self.open(root, calls)
        least = max(end for when, end in self.promised if when <= moment)
        begun = {least, *(end for when, end in self.begun if when <= moment and end > least)}
        possible = begun | {end + self.continued for end in begun}
        assert journal.end in possible, f"the journal ends at {journal.end}; promised were {least} entries"
        assert journal.start <= max(below for when, below in self.trimmed if when <= moment)
        for _ in range(2):
            expected = [(index, self.entry(index)) for index in range(journal.start, journal.end)]
            assert list(journal.replay(0)) == expected
            journal.append(journal.end, [self.entry(journal.end)])
            journal.close()
            journal = self.open(root, calls)
            assert journal.recovered == ()
        journal.close()


class CheckpointWork(Workload):
    """The first state and some more."""

    def __init__(self, root: Path, calls: SystemCalls, moment: Callable[[], int] = lambda: 0) -> None:
        super().__init__(root, calls, moment)
        self.begun: list[tuple[int, int]] = []
        self.promised: list[tuple[int, int]] = []

    @override
    def work(self) -> None:
        checkpoints = self.insist(lambda: self.open(self.root, self.calls))
        old = None
        for size in range(6):
            self.begun.append((self.moment(), size))
            self.insist(lambda: checkpoints.swap(old, state(size)))  # noqa: B023
            self.promised.append((self.moment(), size))
            old = state(size)

    @override
    def recover(self, root: Path, calls: SystemCalls) -> None:
        self.open(root, calls).load()

    def open(self, root: Path, calls: SystemCalls) -> PosixCheckpoints:
        return PosixCheckpoints(root / "store" / "checkpoint-state", self.staging(root, calls))

    @override
    def check(self, root: Path, calls: SystemCalls, moment: int = FOREVER) -> None:
        checkpoints = self.open(root, calls)
        found = checkpoints.load()
        sizes = [size for when, size in self.promised if when <= moment]
        least = max(sizes, default=-1)
        possible = [size for when, size in self.begun if when <= moment and size >= least]
        assert found in [*map(state, possible), *([] if sizes else [None])]
        checkpoints.swap(found, state(100))
        assert checkpoints.load() == state(100)


class ObjectWork(Workload):
    """A few objects, many objects, a checkpoint, partial objects that go."""

    def __init__(self, root: Path, calls: SystemCalls, moment: Callable[[], int] = lambda: 0) -> None:
        super().__init__(root, calls, moment)
        self.begun: dict[str, int] = {}
        self.promised: dict[str, int] = {}
        self.deleted: dict[str, int] = {}
        self.checkpoints: list[tuple[int, bytes]] = []
        self.published: list[tuple[int, bytes]] = []

    def content(self, path: str) -> bytes:
        return Random(path).randbytes(300 + len(path) * 40)

    @override
    def work(self) -> None:
        objects = self.insist(lambda: self.open(self.root, self.calls))
        self.put(objects, ["tile/0/000.p/3", "tile/entries/000.p/3"])
        self.publish(objects, b"first")
        many = [f"tile/{level}/x001/{number:03d}" for level in (0, 1) for number in range(5)]
        self.put(objects, [*many, "tile/0/000", "tile/entries/000"])
        self.publish(objects, b"second")
        self.deleted.update(dict.fromkeys(("tile/0/000.p/3", "tile/entries/000.p/3"), self.moment()))
        self.insist(lambda: objects.delete(list(self.deleted)))
        self.put(objects, ["tile/0/000", "tile/0/001.p/1"])
        self.publish(objects, b"third")

    def put(self, objects: PosixObjects, paths: Sequence[str]) -> None:
        for path in paths:
            self.begun.setdefault(path, self.moment())
        self.insist(lambda: objects.put([(path, self.content(path)) for path in paths]))
        for path in paths:
            self.promised.setdefault(path, self.moment())

    def publish(self, objects: PosixObjects, checkpoint: bytes) -> None:
        self.checkpoints.append((self.moment(), checkpoint))
        self.insist(lambda: objects.publish(checkpoint))
        self.published.append((self.moment(), checkpoint))

    @override
    def recover(self, root: Path, calls: SystemCalls) -> None:
        self.open(root, calls)

    def open(self, root: Path, calls: SystemCalls) -> PosixObjects:
        return PosixObjects(root / "store", self.staging(root, calls))

    @override
    def check(self, root: Path, calls: SystemCalls, moment: int = FOREVER) -> None:
        objects = self.open(root, calls)
        found = set(objects.list("")) - {"checkpoint"}
        files = {str(path.relative_to(root / "store")) for path in (root / "store").rglob("*") if path.is_file()}
        assert files - {"checkpoint"} == found, "nothing but the log is in the folder"
        begun = {path for path, when in self.begun.items() if when <= moment}
        promised = {path for path, when in self.promised.items() if when <= moment}
        deleted = {path for path, when in self.deleted.items() if when <= moment}
        assert promised - deleted <= found <= begun
        for path in found:
            assert objects.get(path) == self.content(path)
        self.check_checkpoint(objects, moment)
        objects.put([(path, self.content(path)) for path in sorted(begun)])
        objects.put([(path, b"other") for path in sorted(begun)], replace=True)
        for path in begun:
            assert objects.get(path) == b"other"

    def check_checkpoint(self, objects: PosixObjects, moment: int) -> None:
        published = [checkpoint for when, checkpoint in self.published if when <= moment]
        possible = [checkpoint for when, checkpoint in self.checkpoints if when <= moment][max(len(published) - 1, 0) :]
        try:
            assert objects.get("checkpoint") in possible
        except NotFound:
            assert not published


class IdWork(Workload):
    """Some flushes and merges, then closing."""

    TABLE = 8
    COUNT = 150

    def __init__(self, root: Path, calls: SystemCalls, moment: Callable[[], int] = lambda: 0) -> None:
        super().__init__(root, calls, moment)
        random = Random("ids")
        self.ids = [random.randbytes(16) for _ in range(self.COUNT)]
        self.promised: list[tuple[int, int]] = [(-1, 0)]

    @override
    def work(self) -> None:
        index = self.insist(lambda: self.open(self.root, self.calls))
        while index.end < self.COUNT:
            index.insert(index.end, self.ids[index.end : index.end + 5])
            watermark = index.watermark
            self.promised.append((self.moment(), watermark))
        index.close()
        watermark = index.watermark
        self.promised.append((self.moment(), watermark))
        assert index.lookup(self.ids) == list(range(self.COUNT))

    @override
    def recover(self, root: Path, calls: SystemCalls) -> None:
        self.open(root, calls).close()

    def open(self, root: Path, calls: SystemCalls) -> PosixIds:
        return PosixIds.open(root / "store", self.staging(root, calls), table=self.TABLE)

    @override
    def check(self, root: Path, calls: SystemCalls, moment: int = FOREVER) -> None:
        index = self.open(root, calls)
        least = max(watermark for when, watermark in self.promised if when <= moment)
        assert least <= index.end <= self.COUNT
        assert index.lookup(self.ids) == [position if position < index.end else None for position in range(self.COUNT)]
        index.insert(index.end, self.ids[index.end :])
        assert index.lookup(self.ids) == list(range(self.COUNT))
        index.close()
        assert index.watermark == self.COUNT


WORKLOADS: dict[str, type[Workload]] = {
    "journal": JournalWork,
    "checkpoint state": CheckpointWork,
    "objects": ObjectWork,
    "ids": IdWork,
}
