"""Proofs of what was found, checked here: under the keys that this user has pinned, not under those that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import FormatError, IntegrityError, ProofError
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

    def failure(self, found: FoundEntry) -> str | None:
        """Why an entry could not be proven; ``None`` if it was, or if no checkpoint covers it yet."""
        if found.damage is not None:
            return found.damage
        if found.proof is None:
            return f"entry {found.index} came without a proof, though it is published" if found.published else None
        try:
            self.check(found.index, found.entry, found.proof)
        except ProofError as error:
            return str(error)
        except (IntegrityError, FormatError) as error:
            return f"the proof given for entry {found.index} does not hold: {error}"
        return None

    def check(self, index: int, entry: bytes, tlog_proof: bytes) -> None:
        """Check the proof of the entry at an index.

        Raises:
            ProofError: the proof is of another entry, or does not verify.
            SignatureError: a signature that the keys demand is missing or wrong.
            FormatError: it is no proof.
        """
        proof = TlogProof.parse(tlog_proof)
        if proof.index != index:
            raise ProofError(f"the proof given for entry {index} is that of entry {proof.index}")
        try:
            proof.verify(entry, self._policy)
        except ProofError as error:
            detail = f"entry {index} is not in the tree that was signed: it, or the hashes beside it, were altered"
            raise ProofError(f"{detail}. `indelible verify` says which file ({error})") from error
