"""The checkpoint state, kept apart from the log's folder: whether the folder is what the log last committed to.

ARCHITECTURE, "Durability and crash rules": the state is moved on before the checkpoint is signed, so after a crash, or
while a log is running, it may be ahead of the checkpoint; the tree is there already then. If it is not, the folder is
an old copy. The state is not signed: it says nothing against somebody who can write to both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, NotFound
from indelible.verify.consistency import root_at
from indelible.verify.right_edge import load_right_edge
from indelible.verify.verdicts import Finding, FindingKind

if TYPE_CHECKING:
    from indelible.verify.fetch import Fetcher

__all__ = ["check_committed"]

STATE_PATH = "state"


def check_committed(fetcher: Fetcher, *, state: tuple[int, bytes], size: int) -> list[Finding]:
    """What is wrong, given the checkpoint state ``(size, root)`` and the size of the checkpoint.

    Raises:
        Unavailable: something could not be had now.
    """
    state_size, state_root = state
    if state_size > size:
        edge = load_right_edge(fetcher, state_size, state_root)
        if edge.authentic:
            return []
        return [
            Finding(
                kind=FindingKind.ROLLED_BACK,
                index=size,
                path=STATE_PATH,
                expected=f"size >= {state_size}",
                found=f"size {size}",
                detail=f"the log has committed to {state_size} entries; its folder holds an older copy with {size}",
            )
        ]
    try:
        found = root_at(fetcher, state_size, size)
    except (NotFound, FormatError):
        return []  # damage in the tree, and a finding there
    if found == state_root:
        return []
    return [
        Finding(
            kind=FindingKind.INCONSISTENT,
            path=STATE_PATH,
            expected=state_root.hex(),
            found=found.hex(),
            detail=f"the first {state_size} entries have another root than the log has committed to",
        )
    ]
