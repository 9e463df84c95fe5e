"""Proofs of what was found, checked here: under the keys that this user has pinned, not under those that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import ProofError
from indelible.formats.tlog_proof import TlogProof
from indelible.sdk.trusted import trusted_policy

if TYPE_CHECKING:
    from indelible.sdk.audit_log import AuditLog
    from indelible.sdk.found import FoundEntry

__all__ = ["ProofChecker"]


class ProofChecker:
    """Checks the proofs of one log's entries. A log never met before is believed under the keys that it shows."""

    def __init__(self, log: AuditLog) -> None:
        described = log.run(log.plans.describe())
        self._policy = trusted_policy(log.plans.pins, described.origin, described.vkeys)

    def verdict(self, found: FoundEntry) -> str:
        """``proven``, or ``not yet`` for what no checkpoint covers.

        Raises:
            ProofError: the proof is of another entry, or does not verify.
            SignatureError: a signature that the keys demand is missing or wrong.
        """
        if found.proof is None:
            return "not yet"
        self.check(found.index, found.entry, found.proof)
        return "proven"

    def check(self, index: int, entry: bytes, tlog_proof: bytes) -> None:
        """Check the proof of the entry at an index.

        Raises:
            ProofError: the proof is of another entry, or does not verify.
            SignatureError: a signature that the keys demand is missing or wrong.
        """
        proof = TlogProof.parse(tlog_proof)
        if proof.index != index:
            raise ProofError(f"the proof given for entry {index} is that of entry {proof.index}")
        try:
            proof.verify(entry, self._policy)
        except ProofError as error:
            detail = f"entry {index} is not in the tree that was signed: it, or the hashes beside it, were altered"
            raise ProofError(f"{detail}. `indelible verify` says which file ({error})") from error
