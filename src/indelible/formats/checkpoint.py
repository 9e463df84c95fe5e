"""C2SP tlog-checkpoint: the text that a log signs to commit to its tree.

::

    <origin>                                 the log's unique name
    <tree size in decimal>
    <root hash in base64>
    <extension line>                         any number, not recommended: nobody can audit them

That a tree of size 0 has the empty tree's root is not checked here: a witness answers that with a status of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from indelible.errors import FormatError
from indelible.formats import base64
from indelible.formats.decimals import parse_decimal
from indelible.formats.note import MAX_NOTE_BYTES
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE

if TYPE_CHECKING:
    from indelible.merkle import Hash

__all__ = ["Checkpoint"]

_LINE: Final = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A statement about a log's tree, signed or not.

    Attributes:
        origin: The log's unique name, a line that is not empty.
        size: Number of leaves, in ``[0, 2**63)``.
        root: The root of the tree, 32 bytes.
        extensions: Further lines, none of them empty. An ML-DSA-44 signature (type 0x06) does not cover them.

    Raises:
        FormatError: one of them is not so.
    """

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not _LINE.fullmatch(line):
                raise FormatError(f"a line of a checkpoint is not empty and has no control character: {line[:80]!r}")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise FormatError(f"a tree has from 0 to 2^63-1 leaves, not {self.size}")
        if len(self.root) != HASH_SIZE:
            raise FormatError(f"a root hash has {HASH_SIZE} bytes, not {len(self.root)}")

    def text(self) -> str:
        """The note text, each line ended by LF."""
        lines = (self.origin, str(self.size), base64.encode(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note as a checkpoint.

        Raises:
            FormatError: it is none.
        """
        if len(text) > MAX_NOTE_BYTES:
            raise FormatError(f"a checkpoint has at most {MAX_NOTE_BYTES} bytes")
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop():
            raise FormatError("a checkpoint has at least three lines, each ended by a newline")
        origin, size, root, *extensions = lines
        return cls(
            origin=origin,
            size=parse_decimal(size, what="tree size"),
            root=base64.decode_hash(root),
            extensions=tuple(extensions),
        )
