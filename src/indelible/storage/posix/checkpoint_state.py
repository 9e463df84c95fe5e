r"""The checkpoint state in one small file, replaced atomically and synced.

The file is text, four lines; the last is the SHA-256 of the lines before it, so that no flipped bit passes for another
state:

>>> from indelible.merkle import EMPTY_ROOT
>>> print(encode_state(CheckpointState(size=0, root=EMPTY_ROOT)).decode(), end="")
indelible checkpoint state v1
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
6f83b80154a5848318fdde4cd2a8d93d14870cc8e2d1ace52da8d7f6f71e3f86
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from indelible.errors import Damaged
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE, Hash
from indelible.storage.posix.files import read_whole
from indelible.storage.protocols import CheckpointState, check_swap

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.storage.posix.staging import Staging

__all__ = ["PosixCheckpoints", "encode_state", "parse_state", "read_checkpoint_state"]

_TEXT = re.compile(rb"indelible checkpoint state v1\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n[0-9a-f]{64}\n")
_LIMIT = 1_024
_REMEDY = (
    "restore the file, or the data directory as a whole, from its newest copy; "
    "the file says which tree was committed to, so nothing is signed without it"
)


def encode_state(state: CheckpointState) -> bytes:
    """The bytes of the file."""
    root = base64.b64encode(state.root).decode()
    text = f"indelible checkpoint state v1\n{state.size}\n{root}\n".encode()
    return text + f"{hashlib.sha256(text).hexdigest()}\n".encode()


def parse_state(data: bytes) -> CheckpointState:
    """The state that these bytes hold.

    Raises:
        ValueError: they are not exactly what :func:`encode_state` gives for a state.
    """
    found = _TEXT.fullmatch(data)
    if found is None:
        raise ValueError("it does not have the form of a checkpoint state")
    state = CheckpointState(size=int(found[1]), root=Hash(base64.b64decode(found[2])))
    if encode_state(state) != data or state.size > MAX_TREE_SIZE or len(state.root) != HASH_SIZE:
        raise ValueError("its checksum is wrong")
    return state


def read_checkpoint_state(path: Path) -> CheckpointState | None:
    """The state in a file, or ``None`` when there is no file.

    Raises:
        Damaged: the file is not what was written.
    """
    try:
        return parse_state(read_whole(path, _LIMIT))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Damaged(str(error), path=path, remedy=_REMEDY) from error


class PosixCheckpoints:
    """See :class:`indelible.storage.protocols.CheckpointStore`. Whoever swaps holds the writer's lock."""

    def __init__(self, path: Path, staging: Staging) -> None:
        self._path = path
        self._staging = staging

    def load(self) -> CheckpointState | None:
        """See the protocol."""
        return read_checkpoint_state(self._path)

    def swap(self, expected: CheckpointState | None, new: CheckpointState) -> None:
        """See the protocol."""
        check_swap(self.load(), expected, new)
        (staged,) = self._staging.write([encode_state(new)])
        try:
            if expected is None:
                self._staging.link(staged, self._path)  # never over another log's state
            else:
                self._staging.replace(staged, self._path)
        finally:
            self._staging.discard([staged])
