"""A disk that is really full: a tmpfs of one megabyte. Needs root, to mount it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from indelible.errors import NotFound, StorageFull
from indelible.storage.posix import PosixStores
from tests.contract.states import state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BALLAST = 600_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of one megabyte, of which a file named ``ballast`` takes more than half."""
    if os.geteuid() != 0:
        pytest.skip("root is needed to mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)], check=True)
    try:
        (folder / "ballast").write_bytes(bytes(BALLAST))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def entries(first: int, count: int) -> list[bytes]:
    return [b'{"n":%d,"pad":"%s"}' % (index, b"p" * 500) for index in range(first, first + count)]


def fill(stores: PosixStores) -> int:
    """Append until there is no space, then in smaller groups; returns the end that was acknowledged."""
    for count in (50, 7, 1):
        while append(stores, entries(stores.journal.end, count)):
            pass
    return stores.journal.end


def append(stores: PosixStores, group: list[bytes]) -> bool:
    """Append a group if there is space for it."""
    try:
        stores.journal.append(stores.journal.end, group)
    except StorageFull:
        return False
    return True


def test_stores_on_a_full_disk_go_on_when_there_is_space(small_disk: Path) -> None:
    """Nothing acknowledged is lost, nothing is half-written, reads go on, and space is all that was missing."""
    stores = PosixStores.create(small_disk, "main")
    stores.checkpoints.swap(None, state(0))
    stores.objects.publish(b"first")
    end = fill(stores)
    assert end > 100
    assert list(stores.journal.replay(0)) == list(enumerate(entries(0, end)))

    with pytest.raises(StorageFull):
        stores.objects.put([(f"tile/entries/{number:03d}", bytes(50_000)) for number in range(10)])
    with pytest.raises(NotFound):
        stores.objects.get("tile/entries/000")
    while append(stores, [b"x"]):  # until not even that fits
        pass
    stores.ids.insert(0, [number.to_bytes(16) for number in range(end)])
    assert stores.objects.get("checkpoint") == b"first"
    assert stores.checkpoints.load() == state(0)

    (small_disk / "ballast").unlink()
    more = stores.journal.end
    stores.journal.append(more, entries(more, 50))
    stores.objects.put([(f"tile/entries/{number:03d}", bytes(5_000)) for number in range(10)])
    stores.checkpoints.swap(state(0), state(1))
    stores.objects.publish(b"second")
    stores.close()

    again = PosixStores.open(small_disk, "main")
    assert again.recovered == ()
    assert list(again.journal.replay(more)) == list(enumerate(entries(more, 50), more))
    assert list(again.journal.replay(0))[:end] == list(enumerate(entries(0, end)))
    assert (again.ids.end, again.checkpoints.load(), again.objects.get("checkpoint")) == (end, state(1), b"second")
    again.close()


def test_stores_can_be_opened_on_a_full_disk(small_disk: Path) -> None:
    """A restart needs no space: the log can be read, and goes on later."""
    stores = PosixStores.create(small_disk, "main")
    stores.checkpoints.swap(None, state(0))
    end = fill(stores)
    stores.close()
    again = PosixStores.open(small_disk, "main")
    assert again.journal.end == end
    again.close()
