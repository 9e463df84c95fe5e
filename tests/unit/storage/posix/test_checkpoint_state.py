"""The checkpoint state: one file, of which no flipped bit passes for another state."""

from __future__ import annotations

import base64
import doctest
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indelible.errors import Damaged, StorageFull
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE, Hash
from indelible.storage.posix import checkpoint_state
from indelible.storage.posix.checkpoint_state import PosixCheckpoints, encode_state, parse_state, read_checkpoint_state
from indelible.storage.posix.staging import Staging
from indelible.storage.protocols import CheckpointState
from tests.contract.states import state
from tests.crash.disk import Fault, faulty_disk

if TYPE_CHECKING:
    from pathlib import Path

STATES = st.builds(
    CheckpointState,
    size=st.integers(min_value=0, max_value=MAX_TREE_SIZE),
    root=st.binary(min_size=HASH_SIZE, max_size=HASH_SIZE).map(Hash),
)


def test_checkpoint_state_docstring_runs() -> None:
    """The example in the format's description is true."""
    assert doctest.testmod(checkpoint_state).failed == 0


@given(STATES)
def test_checkpoint_state_round_trips(written: CheckpointState) -> None:
    """A state read back is the state that was written."""
    assert parse_state(encode_state(written)) == written


def test_checkpoint_state_with_any_bit_flipped_is_damaged(tmp_path: Path) -> None:
    """Every bit of every byte, and every length; file and remedy are named."""
    path = tmp_path / "checkpoint-state"
    data = encode_state(state(70_000))
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(Damaged, match=r"checkpoint-state.*restore"):
            read_checkpoint_state(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(Damaged):
            read_checkpoint_state(path)
    path.write_bytes(data + b"\n")
    with pytest.raises(Damaged):
        read_checkpoint_state(path)


@pytest.mark.parametrize("size", ["-1", "+1", "01", " 1", "1_0", str(2**63), "", "1.0", "\u0661"])
def test_checkpoint_state_with_another_spelling_is_damaged(size: str) -> None:
    """Even under a checksum that is right: a state has one spelling."""
    text = f"indelible checkpoint state v1\n{size}\n{base64.b64encode(bytes(32)).decode()}\n".encode()
    with pytest.raises(ValueError, match=r"."):
        parse_state(text + hashlib.sha256(text).hexdigest().encode() + b"\n")


def test_checkpoint_state_that_is_absent_is_none(tmp_path: Path) -> None:
    """An absent state is an answer; something else in its place is damage."""
    assert read_checkpoint_state(tmp_path / "checkpoint-state") is None
    (tmp_path / "checkpoint-state").mkdir()
    with pytest.raises(Damaged):
        read_checkpoint_state(tmp_path / "checkpoint-state")


def test_swap_is_durable_in_this_order(tmp_path: Path) -> None:
    """Written and synced aside, moved over the old state, the folder synced."""
    disk, calls = faulty_disk()
    (tmp_path / "tmp").mkdir()
    checkpoints = PosixCheckpoints(tmp_path / "checkpoint-state", Staging(disk, tmp_path / "tmp"))
    checkpoints.swap(None, state(0))
    assert calls.acts == ["create", "write", "sync", "link", "sync_directory", "unlink"]
    calls.acts.clear()
    checkpoints.swap(state(0), state(1))
    assert calls.acts == ["create", "write", "sync", "replace", "sync_directory", "unlink"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_swap_without_space_changes_nothing(tmp_path: Path) -> None:
    """The old state stays, and the same swap may succeed later."""
    (tmp_path / "tmp").mkdir()
    for number in (0, 1, 3):
        disk, calls = faulty_disk()
        checkpoints = PosixCheckpoints(tmp_path / f"state {number}", Staging(disk, tmp_path / "tmp"))
        checkpoints.swap(None, state(0))
        calls.faults = {len(calls.acts) + number: Fault.ENOSPC}
        with pytest.raises(StorageFull):
            checkpoints.swap(state(0), state(1))
        assert checkpoints.load() == state(0)
        assert list((tmp_path / "tmp").iterdir()) == []
        checkpoints.swap(state(0), state(1))
        assert checkpoints.load() == state(1)
