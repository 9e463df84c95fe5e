"""Space that is given up when there is no other, and taken again when there is."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from indelible.storage.posix import DiskReserve
from indelible.storage.posix.reserve import PIECE_BYTES, PIECES

if TYPE_CHECKING:
    from pathlib import Path

PLENTY = 1 << 60
"""More than any disk has: with it as a water mark, every disk is full."""


def test_refill_takes_space_that_is_really_taken(tmp_path: Path) -> None:
    """The files are there, private, and have their blocks on the disk; filling again changes nothing."""
    reserve = DiskReserve(tmp_path / "reserve", high_water=0)
    reserve.refill()
    reserve.refill()
    files = sorted((tmp_path / "reserve").iterdir())
    assert (len(files), reserve.pieces) == (PIECES, PIECES)
    for file in files:
        status = file.stat()
        assert (status.st_size, stat.S_IMODE(status.st_mode)) == (PIECE_BYTES, 0o600)
        assert status.st_blocks * 512 >= PIECE_BYTES


def test_refill_leaves_a_disk_alone_that_is_nearly_full(tmp_path: Path) -> None:
    """A reserve must not be what fills the disk."""
    reserve = DiskReserve(tmp_path / "reserve", high_water=PLENTY)
    reserve.refill()
    assert reserve.pieces == 0


def test_make_room_gives_up_one_piece_of_a_full_disk(tmp_path: Path) -> None:
    """One at a time, and never below the share that is to be kept."""
    DiskReserve(tmp_path / "reserve", high_water=0).refill()
    full = DiskReserve(tmp_path / "reserve", low_water=PLENTY)
    for _ in range(PIECES):
        full.make_room(keep=0.5)
    assert full.pieces == PIECES // 2
    for left in reversed(range(PIECES // 2)):
        full.make_room()
        assert full.pieces == left
    full.make_room()
    assert full.pieces == 0


@pytest.mark.parametrize("filled", [True, False])
def test_make_room_keeps_everything_while_there_is_space(tmp_path: Path, *, filled: bool) -> None:
    """And does nothing where no reserve was ever made."""
    reserve = DiskReserve(tmp_path / "reserve", high_water=0)
    if filled:
        reserve.refill()
    reserve.make_room()
    assert reserve.pieces == (PIECES if filled else 0)


def test_reserve_is_filled_again_where_it_was_given_up(tmp_path: Path) -> None:
    """What an emergency took comes back when it is over."""
    DiskReserve(tmp_path / "reserve", high_water=0).refill()
    DiskReserve(tmp_path / "reserve", low_water=PLENTY).make_room()
    reserve = DiskReserve(tmp_path / "reserve", high_water=0)
    assert reserve.pieces == PIECES - 1
    reserve.refill()
    assert reserve.pieces == PIECES
