"""A full disk, a real one: appends are refused with a word when to come back, reads go on, nothing is half-written."""

from __future__ import annotations

import gc
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

import indelible
from indelible.errors import StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        gc.collect()  # id runs are mapped for as long as anything refers to them
        subprocess.run(["umount", place], check=True)


def fill(log: indelible.AuditLog, acknowledged: list[indelible.Receipt]) -> None:
    """Record large events until that fails."""
    for _ in range(10_000):
        acknowledged += [log.record("thing.done", actor="user:ada", metadata={"filling": "x" * 8_000})]


def test_log_survives_a_full_disk(small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill it up, go on reading, free some space, go on writing: nothing acknowledged is lost."""
    monkeypatch.setenv("INDELIBLE_STATE", str(tmp_path / "state"))
    data = small_disk / "data"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(5 << 20))
    acknowledged: list[indelible.Receipt] = []
    with indelible.open(data, create=True) as log:
        with pytest.raises(StorageFull, match="no space") as full:
            fill(log, acknowledged)
        assert full.value.retry_after > 0
        assert acknowledged
        for receipt in acknowledged:
            assert log.get(receipt.index).record["id"] == receipt.id
        ballast.unlink()
        after = log.record("thing.done", actor="user:ada")
        assert after.index == len(acknowledged)
        after.wait_published(timeout=60)
    with indelible.open(data) as log:
        assert [log.get(receipt.index).record["id"] for receipt in acknowledged] == [
            receipt.id for receipt in acknowledged
        ]
        assert log.get(after.index).record["id"] == after.id
        assert log.verify().exit_status() == 0
