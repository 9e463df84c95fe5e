"""Intervals stored beside the process: the same objects, the same failures, and nothing lost when the helper is."""

from __future__ import annotations

import errno
import os
import signal
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from indelible.helper_process import HelperProcess
from indelible.log import LogSettings, Stores, StoringElsewhere, create_log
from indelible.storage.durable import Disk
from indelible.storage.posix import PosixStores
from indelible.storage.posix.objects import PosixObjects
from indelible.storage.posix.staging import Staging
from indelible.storage.system_calls import SystemCalls
from tests.stepped_log import ORIGIN, SteppedLog, TurnedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indelible.storage.protocols import ObjectStore
    from indelible.trust.signer import LogSigner

LARGE = 1_500


def die() -> None:
    """End as a process that ran out of memory does."""
    os.kill(os.getpid(), signal.SIGKILL)


class FailingCalls(SystemCalls):
    """Creates files or syncs them, or answers with an error."""

    def __init__(self, *, creating: int = 0, syncing: int = 0) -> None:
        def sync(descriptor: int) -> None:
            if syncing:
                raise OSError(syncing, os.strerror(syncing))
            os.fsync(descriptor)

        super().__init__(datasync=sync, sync=sync, sync_file_system=sync)
        self._creating = creating

    @override
    def create(self, path: Path, mode: int) -> int:
        if self._creating:
            raise OSError(self._creating, os.strerror(self._creating))
        return super().create(path, mode)


class DyingObjects(PosixObjects):
    """Stores everything; then its process ends."""

    @override
    def get(self, path: str) -> bytes:
        die()
        return b""


class FlippingObjects(PosixObjects):
    """Gives back a bundle with one bit changed."""

    @override
    def get(self, path: str) -> bytes:
        data = super().get(path)
        return data[:-1] + bytes([data[-1] ^ 1]) if path == "tile/entries/001" else data


def open_objects(root: Path, kind: type[PosixObjects], creating: int, syncing: int) -> ObjectStore:
    """Called in the helper."""
    calls = FailingCalls(creating=creating, syncing=syncing)
    return kind(root / "logs" / "main", Staging(Disk(calls), root / "state" / "main" / "tmp", prefix="beside-"))


class BesideLog(SteppedLog):
    """A log in a directory, whose large intervals are stored by a helper."""

    def __init__(self, data: Path, signer: LogSigner, helper: HelperProcess | None) -> None:
        data.mkdir()
        self.data = data
        self.helper = helper
        self.posix = PosixStores.create(data, "main")
        posix, clock = self.posix, TurnedClock()
        stores = Stores(journal=posix.journal, ids=posix.ids, objects=posix.objects, checkpoints=posix.checkpoints)
        create_log(stores, origin=ORIGIN, signer=signer, clock=clock)
        super().__init__(stores, signer, clock, LogSettings())
        if helper is not None:
            self.open_with(posix.objects.opener())

    def open_with(self, opener: Callable[[], ObjectStore]) -> None:
        """Have the helper open the objects so."""
        assert self.helper is not None
        store = StoringElsewhere(self.helper, opener, on_read_only=self.posix.disk.fail)
        self.log.publisher._store = store

    def break_with(self, kind: type[PosixObjects] = PosixObjects, *, creating: int = 0, syncing: int = 0) -> None:
        """Have the helper store with something broken."""
        self.open_with(partial(open_objects, self.data, kind, creating, syncing))

    def objects(self) -> dict[str, bytes]:
        """All that is published."""
        return {path: self.posix.objects.get(path) for path in self.posix.objects.list("tile/")}


@pytest.fixture
def beside(tmp_path: Path, signer: LogSigner) -> Iterator[BesideLog]:
    with HelperProcess() as helper:
        helper.call(os.getpid)
        log = BesideLog(tmp_path / "beside", signer, helper)
        yield log
        log.posix.close()


def test_objects_are_those_that_the_process_itself_stores(beside: BesideLog, tmp_path: Path, signer: LogSigner) -> None:
    """Large and small intervals by turns, which the helper and the process store by turns."""
    here = BesideLog(tmp_path / "here", signer, None)
    for count in (LARGE, 3, 600, 1, 255, LARGE):
        for log in (beside, here):
            log.append(count)
            assert log.publish()
    assert beside.objects() == here.objects()
    assert beside.log.reader.published.checkpoint == here.log.reader.published.checkpoint
    assert beside.helper is not None
    assert beside.helper.call(os.getpid) != os.getpid()
    here.posix.close()


@pytest.mark.parametrize("within", [True, False])
def test_a_helper_that_ends_delays_nothing(beside: BesideLog, *, within: bool) -> None:
    """Whether it ended between intervals or when it had stored one: the process stores it, and signs."""
    beside.append(LARGE)
    assert beside.publish()
    assert beside.helper is not None
    if within:
        beside.break_with(DyingObjects)
    else:
        os.kill(beside.helper.call(os.getpid), signal.SIGKILL)
    beside.append(LARGE)
    assert beside.publish()
    assert beside.log.reader.size == 2 * LARGE
    assert beside.log.status.read_only is None
    assert beside.log.reader.prove(2 * LARGE - 1)


def test_a_failed_sync_in_the_helper_stops_the_log(beside: BesideLog) -> None:
    """Nothing is signed, and nothing of this log is written any more, here either."""
    beside.break_with(syncing=errno.EIO)
    beside.append(LARGE)
    assert not beside.publish()
    assert beside.log.reader.size == 0
    assert "could not sync" in (beside.log.status.read_only or "")
    assert beside.posix.disk.failure is not None


def test_a_full_disk_in_the_helper_is_tried_again(beside: BesideLog) -> None:
    """As one here is: the entries stay in the tail."""
    beside.break_with(creating=errno.ENOSPC)
    beside.append(LARGE)
    assert not beside.publish()
    assert (beside.log.reader.size, beside.log.status.read_only) == (0, None)
    beside.open_with(beside.posix.objects.opener())
    assert beside.publish()
    assert beside.log.reader.size == LARGE


def test_nobody_waits_for_a_helper_that_starts(beside: BesideLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is none the process stores by itself, and has one started."""
    assert beside.helper is not None
    with monkeypatch.context() as patch:
        patch.setattr(HelperProcess, "is_warm", property(lambda _: False))
        patch.setattr(beside.helper, "warm_up", lambda *_: None)
        patch.setattr(beside.helper, "call", die)
        beside.append(LARGE)
        assert beside.publish()
    os.kill(beside.helper.call(os.getpid), signal.SIGKILL)
    beside.append(LARGE)
    assert beside.publish()
    for thread in threading.enumerate():
        if thread.name == "indelible-helper":
            thread.join(30)
    assert beside.helper.is_warm
    beside.append(LARGE)
    assert beside.publish()
    assert beside.log.reader.size == 3 * LARGE


def test_what_a_dead_helper_left_is_removed(beside: BesideLog) -> None:
    """Its temporaries, by the next one; those of the process itself stay."""
    temporaries = beside.data / "state" / "main" / "tmp"
    left, own = temporaries / "beside-1-0", temporaries / "17"
    for path in (left, own):
        path.write_bytes(b"half")
    beside.append(LARGE)
    assert beside.publish()
    assert not left.exists()
    assert own.exists()


def test_altered_entries_of_the_right_edge_are_not_stored_as_signed(beside: BesideLog) -> None:
    """The edge's hashes have the signed root; its entries, which fill the next bundle, must have those hashes."""
    beside.append(5)
    assert beside.publish()
    edge = beside.log.publisher._edge
    beside.log.publisher._edge = replace(edge, entries=(b"{}", *edge.entries[1:]))
    beside.append(LARGE)
    assert not beside.publish()
    assert "right edge" in (beside.log.status.read_only or "")
    assert beside.log.reader.size == 5


def test_a_bit_that_flips_before_it_is_read_back_is_not_signed_over(beside: BesideLog) -> None:
    """The check is the same one, wherever it runs."""
    beside.break_with(FlippingObjects)
    beside.append(LARGE)
    assert not beside.publish()
    assert "read back" in (beside.log.status.read_only or "")
    assert beside.log.reader.size == 0
