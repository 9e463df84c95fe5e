"""What a witness answers: the rules of C2SP tlog-witness, "add-checkpoint" and "sign-subtree", in the order they apply.

Pure: the caller hands in what is stored, and after an acceptance must compare and store in one transaction, durably,
before any cosignature leaves. A request that cannot be parsed is answered 400 before it comes here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indelible.errors import ProofError, SignatureError
from indelible.formats.note import open_note
from indelible.merkle import EMPTY_ROOT, verify_consistency, verify_subtree_consistency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from indelible.formats.note import Verifier
    from indelible.formats.witness_request import AddCheckpointRequest, SignSubtreeRequest
    from indelible.merkle import Hash

__all__ = ["Decision", "check_add_checkpoint", "check_sign_subtree"]

OK: Final = 200
BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
CONFLICT: Final = 409
UNPROCESSABLE: Final = 422


@dataclass(frozen=True, slots=True)
class Decision:
    """The HTTP status of the answer, and why. Only 200 allows a cosignature.

    ``is_evidence`` is true when a log's own signature stands under something that contradicts what it signed before:
    keep the request, it proves misbehaviour.
    """

    status: int
    detail: str
    is_evidence: bool = False


def check_add_checkpoint(
    request: AddCheckpointRequest,
    *,
    logs: Mapping[str, Collection[Verifier]],
    stored: tuple[int, Hash] | None,
) -> Decision:
    """Decide about a request to cosign a checkpoint.

    Args:
        request: The request.
        logs: The keys trusted for each origin.
        stored: Size and root of the largest checkpoint cosigned for the request's origin, if there is one.
    """
    checkpoint = request.checkpoint
    refusal = _check_signed(request, logs.get(checkpoint.origin))
    if refusal is not None:
        return refusal
    if request.old_size > checkpoint.size:
        return Decision(BAD_REQUEST, f"the old size {request.old_size} is above the checkpoint's {checkpoint.size}")
    size, root = stored or (0, EMPTY_ROOT)
    if request.old_size != size:
        return Decision(CONFLICT, f"the latest cosigned checkpoint has the size {size}, not {request.old_size}")
    try:  # which also holds a tree without leaves to the empty root, and lets no proof begin at 0
        verify_consistency(
            old_size=size,
            new_size=checkpoint.size,
            old_root=root,
            new_root=checkpoint.root,
            proof=request.proof,
        )
    except ProofError as error:
        forked = checkpoint.size == size and checkpoint.root != root
        return Decision(UNPROCESSABLE, str(error), is_evidence=forked)
    return Decision(OK, "consistent with all that was cosigned before")


def check_sign_subtree(
    request: SignSubtreeRequest, *, origins: Collection[str], own_keys: Collection[Verifier]
) -> Decision:
    """Decide about a request to cosign a subtree of a checkpoint, which the witness itself must have cosigned."""
    checkpoint = request.checkpoint
    if checkpoint.origin not in origins:
        return Decision(NOT_FOUND, f"the log {checkpoint.origin} is not known here")
    try:
        open_note(request.note, own_keys)
        verify_subtree_consistency(
            start=request.start,
            end=request.end,
            size=checkpoint.size,
            subtree_root=request.subtree_root,
            root=checkpoint.root,
            proof=request.proof,
        )
    except SignatureError as error:
        return Decision(FORBIDDEN, str(error))
    except ProofError as error:
        return Decision(UNPROCESSABLE, str(error))
    return Decision(OK, "part of a tree that was cosigned before")


def _check_signed(request: AddCheckpointRequest, keys: Collection[Verifier] | None) -> Decision | None:
    if keys is None:
        return Decision(NOT_FOUND, f"the log {request.checkpoint.origin} is not known here")
    try:
        open_note(request.note, keys)
    except SignatureError as error:
        return Decision(FORBIDDEN, str(error))
    return None
