"""The bodies of C2SP tlog-witness: add-checkpoint, sign-subtree, and their answers.

::

    old <decimal size>                       subtree <start> <end>
    <base64 hash>     0 to 63                <base64 hash of the subtree>
    <empty line>                             <base64 hash>     0 to 63
    <checkpoint: a signed note>              <empty line>
                                             <checkpoint: a signed note>

The answer 200 is signature lines and nothing else, the answer 409 to add-checkpoint a size and a newline. Which request
gets which answer is decided in :mod:`indelible.formats.witness_decision`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from indelible.errors import FormatError
from indelible.formats import base64
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.decimals import parse_decimal
from indelible.formats.note import MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteSignature
from indelible.merkle import HASH_SIZE, MAX_TREE_SIZE, Hash, is_valid_subtree

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_REQUEST_BYTES",
    "SIZE_CONTENT_TYPE",
    "AddCheckpointRequest",
    "SignSubtreeRequest",
    "encode_signatures",
    "encode_size",
    "parse_signatures",
    "parse_size",
]

MAX_REQUEST_BYTES: Final = 128 * 1024
"""The largest request body that is read."""

SIZE_CONTENT_TYPE: Final = "text/x.tlog.size"
"""The content type of the answer 409, which says the size that the witness is at."""

_MAX_HASHES: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpointRequest:
    """A log asks a witness to move on from ``old_size`` to ``note``, and proves that it may.

    Raises:
        FormatError: more than 63 hashes, one of another length than 32 bytes, a size out of range, or ``note`` is no
            checkpoint.
    """

    old_size: int
    proof: tuple[Hash, ...]
    note: Note

    def __post_init__(self) -> None:
        if not 0 <= self.old_size <= MAX_TREE_SIZE:
            raise FormatError(f"a tree has from 0 to 2^63-1 leaves, not {self.old_size}")
        _check_proof(self.proof)
        Checkpoint.parse(self.note.text)

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.parse(self.note.text)

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a request body.

        Raises:
            FormatError: it is none (the answer is 400).
        """
        (first, *hashes), note = _split(body)
        fields = first.split(" ")
        if len(fields) != 2 or fields[0] != "old":
            raise FormatError("an add-checkpoint request begins with a line: old <size>")
        old_size = parse_decimal(fields[1], what="old size")
        return cls(old_size=old_size, proof=_hashes(hashes), note=note)

    def encode(self) -> bytes:
        """The request body."""
        return _join([f"old {self.old_size}"], self.proof, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSubtreeRequest:
    """Somebody asks a witness to cosign the subtree ``[start, end)`` of a checkpoint that it has cosigned before.

    Raises:
        FormatError: as for an add-checkpoint request, or not a valid subtree of the checkpoint's tree.
    """

    start: int
    end: int
    subtree_root: Hash
    proof: tuple[Hash, ...]
    note: Note

    def __post_init__(self) -> None:
        _check_proof((self.subtree_root, *self.proof), limit=_MAX_HASHES + 1)
        if not is_valid_subtree(self.start, self.end) or self.end > self.checkpoint.size:
            raise FormatError(f"[{self.start}, {self.end}) is not a valid subtree of the checkpoint's tree")

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.parse(self.note.text)

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a request body.

        Raises:
            FormatError: it is none (the answer is 400).
        """
        (first, *hashes), note = _split(body)
        fields = first.split(" ")
        if len(fields) != 3 or fields[0] != "subtree" or not hashes:
            raise FormatError("a sign-subtree request begins with the lines: subtree <start> <end>, and its hash")
        return cls(
            start=parse_decimal(fields[1], what="subtree's start"),
            end=parse_decimal(fields[2], what="subtree's end"),
            subtree_root=base64.decode_hash(hashes[0]),
            proof=_hashes(hashes[1:]),
            note=note,
        )

    def encode(self) -> bytes:
        """The request body."""
        return _join([f"subtree {self.start} {self.end}"], (self.subtree_root, *self.proof), self.note)


def parse_signatures(body: bytes) -> tuple[NoteSignature, ...]:
    """The signature lines of an answer 200. Whether they verify is another matter.

    Raises:
        FormatError: anything but 1 to 100 signature lines.
    """
    if len(body) > MAX_NOTE_BYTES or not body.endswith(b"\n") or body.count(b"\n") > MAX_SIGNATURES:
        raise FormatError(f"a witness answers with 1 to {MAX_SIGNATURES} signature lines, each ended by a newline")
    try:
        lines = body.decode("utf-8")[:-1].split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"signature lines are UTF-8: {error}") from error
    return tuple(NoteSignature.parse(line) for line in lines)


def encode_signatures(signatures: Sequence[NoteSignature]) -> bytes:
    """The body of an answer 200."""
    return "".join(signature.encode() for signature in signatures).encode()


def parse_size(body: bytes) -> int:
    """The size that the body of an answer 409 says.

    Raises:
        FormatError: not a decimal number and a newline.
    """
    if not body.endswith(b"\n") or len(body) > 20:
        raise FormatError("a witness says its size in decimal, followed by a newline")
    return parse_decimal(body[:-1].decode("latin-1"), what="size of the witness")


def encode_size(size: int) -> bytes:
    """The body of an answer 409."""
    return b"%d\n" % size


def _split(body: bytes) -> tuple[list[str], Note]:
    """The lines before the first empty line, and the note after it: neither can hold an empty line any earlier."""
    if len(body) > MAX_REQUEST_BYTES:
        raise FormatError(f"a request to a witness has at most {MAX_REQUEST_BYTES} bytes, not {len(body)}")
    head, separator, note = body.partition(b"\n\n")
    if not separator:
        raise FormatError("a request to a witness has an empty line before its checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"the head of a request to a witness is ASCII: {error}") from error
    return lines, Note.parse(note)


def _hashes(lines: list[str]) -> tuple[Hash, ...]:
    if len(lines) > _MAX_HASHES:
        raise FormatError(f"a proof has at most {_MAX_HASHES} hashes")
    return tuple(base64.decode_hash(line) for line in lines)


def _check_proof(hashes: Sequence[Hash], *, limit: int = _MAX_HASHES) -> None:
    if len(hashes) > limit or any(len(one) != HASH_SIZE for one in hashes):
        raise FormatError(f"a proof has at most {_MAX_HASHES} hashes of {HASH_SIZE} bytes")


def _join(head: list[str], hashes: Sequence[Hash], note: Note) -> bytes:
    lines = [*head, *map(base64.encode, hashes), "", ""]
    return "\n".join(lines).encode("ascii") + note.encode()
