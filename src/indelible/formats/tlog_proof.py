"""C2SP tlog-proof: everything that it takes to verify, offline, that a log holds an entry.

::

    c2sp.org/tlog-proof@v1
    extra <base64>                 optional, not authenticated
    index <decimal>
    <base64 hash>                  the inclusion proof, the leaf's sibling first
    <empty line>
    <checkpoint: the signed note, verbatim>

The entry itself is not in it: whoever verifies holds that, or its leaf hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from indelible.errors import FormatError
from indelible.formats import base64
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.decimals import parse_decimal
from indelible.formats.note import MAX_NOTE_BYTES, Note
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE, Hash, leaf_hash, verify_inclusion

if TYPE_CHECKING:
    from indelible.formats.tlog_policy import Policy, PolicyResult

__all__ = ["MAX_EXTRA_BYTES", "MAX_PROOF_BYTES", "TlogProof"]

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_MAX_HASHES: Final = 63

MAX_EXTRA_BYTES: Final = 48_000
"""Other readers fail at lines of 64 KiB; this many bytes keep the base64 of ``extra`` below that."""

MAX_PROOF_BYTES: Final = MAX_NOTE_BYTES + 70_000
"""More than the largest proof can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """An inclusion proof with the checkpoint that it leads to. Nothing in it has been checked before :meth:`verify`.

    Attributes:
        index: The entry's index.
        hashes: The inclusion proof of RFC 6962, at most 63 hashes.
        checkpoint: The signed note, as bytes.
        extra: Whatever the application wants to travel along; never to be trusted for itself.

    Raises:
        FormatError: out of these ranges, or ``checkpoint`` is not a signed checkpoint.
    """

    index: int
    hashes: tuple[Hash, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_TREE_SIZE:
            raise FormatError(f"no tree has a leaf {self.index}")
        if len(self.hashes) > _MAX_HASHES or any(len(one) != HASH_SIZE for one in self.hashes):
            raise FormatError(f"an inclusion proof has at most {_MAX_HASHES} hashes of {HASH_SIZE} bytes")
        if self.extra is not None and len(self.extra) > MAX_EXTRA_BYTES:
            raise FormatError(f"extra data has at most {MAX_EXTRA_BYTES} bytes, not {len(self.extra)}")
        Checkpoint.parse(Note.parse(self.checkpoint).text)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof.

        Raises:
            FormatError: it is none.
        """
        if len(data) > MAX_PROOF_BYTES:
            raise FormatError(f"a tlog-proof has at most {MAX_PROOF_BYTES} bytes, not {len(data)}")
        head, separator, checkpoint = data.partition(b"\n\n")
        if not separator:
            raise FormatError("a tlog-proof has an empty line before its checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise FormatError(f"the head of a tlog-proof is ASCII: {error}") from error
        header, *lines = lines
        if header != _HEADER:
            raise FormatError(f"a tlog-proof begins with the line {_HEADER}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = base64.decode(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise FormatError("a tlog-proof names the entry's index")
        index = parse_decimal(lines[0].removeprefix("index "), what="index")
        if len(lines) - 1 > _MAX_HASHES:
            raise FormatError(f"an inclusion proof has at most {_MAX_HASHES} hashes")
        hashes = tuple(base64.decode_hash(line) for line in lines[1:])
        return cls(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)

    def encode(self) -> bytes:
        """The proof's bytes."""
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64.encode(self.extra)}")
        lines += [f"index {self.index}", *map(base64.encode, self.hashes), "", ""]
        return "\n".join(lines).encode("ascii") + self.checkpoint

    def verify(self, entry: bytes, policy: Policy) -> PolicyResult:
        """Check that a log of the policy holds ``entry`` at :attr:`index`, under a checkpoint that the policy accepts.

        The result says which checkpoint that is, and who has signed it when.

        Raises:
            SignatureError: the policy does not accept the checkpoint.
            ProofError: the proof does not lead from the entry to the checkpoint's root.
        """
        return self.verify_leaf(leaf_hash(entry), policy)

    def verify_leaf(self, leaf: bytes, policy: Policy) -> PolicyResult:
        """As :meth:`verify`, for an entry of which only the leaf hash is at hand.

        Raises:
            SignatureError: the policy does not accept the checkpoint.
            ProofError: the proof does not lead from the leaf hash to the checkpoint's root.
        """
        result = policy.check(self.checkpoint)
        # Size and root from the signed checkpoint: a proof alone does not bind a position.
        tree = result.checkpoint
        verify_inclusion(index=self.index, size=tree.size, leaf=leaf, proof=self.hashes, root=tree.root)
        return result
