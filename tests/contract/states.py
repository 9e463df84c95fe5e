"""Checkpoint states for tests."""

from __future__ import annotations

from indelible.merkle import leaf_hash
from indelible.storage.protocols import CheckpointState

__all__ = ["state"]


def state(size: int, tree: str = "tree") -> CheckpointState:
    """The state of a tree of this size; another ``tree`` has another root."""
    return CheckpointState(size=size, root=leaf_hash(f"{tree} {size}".encode()))
