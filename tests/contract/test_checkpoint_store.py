"""What every checkpoint store does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indelible.errors import RolledBack
from tests.contract.states import state

if TYPE_CHECKING:
    from indelible.storage.protocols import CheckpointState
    from tests.contract.backends import AnyStores, Backend


def test_checkpoint_store_begins_empty(stores: AnyStores) -> None:
    """No state: the log has never been created."""
    assert stores.checkpoints.load() is None


def test_checkpoint_store_swaps_forward(stores: AnyStores) -> None:
    """Each state replaces the one before it; the same again is allowed."""
    stores.checkpoints.swap(None, state(0))
    for old, new in ((0, 0), (0, 1), (1, 256), (256, 2**63 - 1)):
        stores.checkpoints.swap(state(old), state(new))
        assert stores.checkpoints.load() == state(new)


@pytest.mark.parametrize(
    ("expected", "new"),
    [
        (None, state(6)),
        (state(4), state(6)),
        (state(6), state(7)),
        (state(5, "other"), state(6)),
        (state(5), state(4)),
        (state(5), state(5, "other")),
    ],
)
def test_checkpoint_store_never_goes_back(
    stores: AnyStores, expected: CheckpointState | None, new: CheckpointState
) -> None:
    """Not from a state that is not there, nor to a smaller tree, nor to another tree of the same size."""
    stores.checkpoints.swap(None, state(5))
    with pytest.raises(RolledBack):
        stores.checkpoints.swap(expected, new)
    assert stores.checkpoints.load() == state(5)


def test_checkpoint_store_needs_a_state_to_replace(stores: AnyStores) -> None:
    """A store that has lost its state does not get one by swapping."""
    with pytest.raises(RolledBack):
        stores.checkpoints.swap(state(5), state(6))
    assert stores.checkpoints.load() is None


def test_checkpoint_store_is_the_same_after_closing(backend: Backend, stores: AnyStores) -> None:
    """Closing loses nothing."""
    stores.checkpoints.swap(None, state(5))
    stores.close()
    again = backend.reopen()
    assert again.checkpoints.load() == state(5)
    again.close()
