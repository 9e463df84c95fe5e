"""The keys that a log is believed under, and where they come from.

A verifier never takes a key from the thing it verifies. They come from a policy file (C2SP tlog-policy), from the
command line, or from what this user pinned. A log has several keys of its own, and *every* one of them must have
signed (INTERFACES, "Verdicts", *signed*): an Ed25519 key whose name is the origin, and an ML-DSA-44 key whose name is
the origin and :data:`OWN_COSIGNER_SUFFIX`, which a policy lists among the witnesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from indelible.errors import UsageError
from indelible.formats.vkey import SignatureType, VerifierKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indelible.formats.tlog_policy import Policy

__all__ = ["OWN_COSIGNER_SUFFIX", "TrustedKeys"]

OWN_COSIGNER_SUFFIX = "/ml-dsa-44"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKeys:
    """Under which keys the log ``origin`` is believed.

    ``own`` are the log's own keys. ``policy`` is where witnesses and their quorum come from, if there is one.
    ``source`` says in words where the keys are from. ``pinned_now`` is true when they were taken from the log itself
    just now.
    """

    origin: str
    own: tuple[VerifierKey, ...]
    source: str
    policy: Policy | None = None
    pinned_now: bool = False

    @classmethod
    def from_vkeys(cls, vkeys: Sequence[str], *, source: str, pinned_now: bool = False) -> Self:
        """Trust in exactly these verifier keys, all of them one log's own.

        Raises:
            FormatError: not a verifier key.
            UsageError: none of them is a log's Ed25519 key, or they are of several logs.
        """
        own = tuple(VerifierKey.parse(vkey) for vkey in vkeys)
        origins = {key.name for key in own if key.kind is SignatureType.ED25519}
        if len(origins) != 1:
            raise UsageError(
                "the keys must be those of one log: its Ed25519 key (type 0x01), whose name is the log's origin, "
                f"and its cosigning keys; these name {len(origins)} logs"
            )
        return cls(origin=origins.pop(), own=own, source=source, pinned_now=pinned_now)

    @classmethod
    def from_policy(cls, policy: Policy, origin: str, *, source: str) -> Self:
        """Trust in the keys that a policy names for ``origin``: every ``log`` line, and the witness that is its own.

        Raises:
            UsageError: the policy names no key for this origin.
        """
        own = [log.key for log in policy.logs if log.key.name == origin]
        if not own:
            raise UsageError(f"{source} names no key of a log {origin!r}")
        own += [witness.key for witness in policy.witnesses if witness.key.name == origin + OWN_COSIGNER_SUFFIX]
        return cls(origin=origin, own=tuple(own), source=source, policy=policy)

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The log's own keys as C2SP verifier keys."""
        return tuple(key.vkey for key in self.own)
