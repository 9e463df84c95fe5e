"""C2SP tlog-policy: which logs are believed, and which witnesses must have cosigned.

::

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <member>...
    quorum <name>|none

Fields are separated by spaces and tabs; lines that begin with ``#`` are comments. A checkpoint is acceptable when a key
listed for its origin has signed it and the quorum holds.

An Indelible log signs each checkpoint twice, so its policy lists the Ed25519 key as ``log`` and the ML-DSA-44 key as
``witness`` within the quorum: then both signatures are demanded (:meth:`Policy.for_log`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from indelible.errors import FormatError, SignatureError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.cosignature import TimestampedSignature
from indelible.formats.decimals import parse_decimal
from indelible.formats.note import open_note
from indelible.formats.policy_lines import decode_lines, encode_lines
from indelible.formats.policy_members import NOBODY, Group, LogKey, Witness, check_defined, check_members
from indelible.formats.vkey import VerifierKey

if TYPE_CHECKING:
    from indelible.formats.note import Note

__all__ = ["Cosignature", "Policy", "PolicyResult"]


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's verified cosignature. ``timestamp`` is in Unix seconds; 0 says nothing about when."""

    witness: Witness
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """What a policy finds under a checkpoint: which of its log keys and witnesses have signed, in its own order."""

    checkpoint: Checkpoint
    log_keys: tuple[VerifierKey, ...]
    witnesses: tuple[Cosignature, ...]
    quorum_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Under which signatures a checkpoint is acceptable.

    Attributes:
        logs: The logs that are believed, any one of them.
        witnesses: The witnesses that may count.
        groups: Groups of witnesses and of earlier groups.
        quorum: The witness or group that must hold; ``None`` demands no cosignature.

    Raises:
        FormatError: they break a rule of :func:`~indelible.formats.policy_members.check_members`, or the quorum is not
            defined.
    """

    logs: tuple[LogKey, ...]
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str | None = None

    def __post_init__(self) -> None:
        defined = check_members(self.logs, self.witnesses, self.groups)
        if self.quorum is not None:
            check_defined([self.quorum], defined)

    @classmethod
    def for_log(cls, log_vkey: str, *cosigner_vkeys: str) -> Self:
        """The policy that demands a signature of every one of a log's own keys: Ed25519 first, then ML-DSA-44.

        Raises:
            FormatError: not verifier keys, or not of types that can do this.
        """
        logs = (LogKey(VerifierKey.parse(log_vkey)),)
        keys = [VerifierKey.parse(vkey) for vkey in cosigner_vkeys]
        if not keys:
            return cls(logs=logs)
        if len(keys) == 1:
            return cls(logs=logs, witnesses=(Witness("log-cosigner", keys[0]),), quorum="log-cosigner")
        witnesses = tuple(Witness(f"log-cosigner-{number}", key) for number, key in enumerate(keys, start=1))
        group = Group("log-cosigners", len(witnesses), tuple(witness.name for witness in witnesses))
        return cls(logs=logs, witnesses=witnesses, groups=(group,), quorum=group.name)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a policy file.

        Raises:
            FormatError: it is none; names the line, where it is one that is wrong.
        """
        reading = _Reading([], [], [], [])
        for number, fields in decode_lines(data):
            try:
                reading.read(fields)
            except FormatError as error:
                raise FormatError(f"line {number}: {error}") from error
        if len(reading.quorums) != 1:
            raise FormatError(f"a policy has exactly one quorum line, not {len(reading.quorums)}")
        return cls(
            logs=tuple(reading.logs),
            witnesses=tuple(reading.witnesses),
            groups=tuple(reading.groups),
            quorum=None if reading.quorums == [NOBODY] else reading.quorums[0],
        )

    def encode(self) -> bytes:
        """The policy file: logs, witnesses, groups, quorum."""
        return encode_lines(
            [
                *(["log", log.key.vkey, *_present(log.url)] for log in self.logs),
                *(["witness", one.name, one.key.vkey, *_present(one.url)] for one in self.witnesses),
                *(["group", group.name, _rule(group), *group.members] for group in self.groups),
                ["quorum", self.quorum or NOBODY],
            ]
        )

    def evaluate(self, checkpoint: bytes | Note) -> PolicyResult:
        """Find out who of the policy has signed a checkpoint. Whether the quorum holds is for the caller to look at.

        Raises:
            FormatError: not a signed checkpoint.
            SignatureError: a listed key's signature is wrong, or no listed log of this origin has signed.
        """
        listed = (*(log.key for log in self.logs), *(witness.key for witness in self.witnesses))
        keys = {(key.name, key.key_id): key for key in listed}
        opened = open_note(checkpoint, keys.values())
        parsed = Checkpoint.parse(opened.note.text)
        signed = {keys[one.name, one.key_id]: one for one in opened.verified}
        # A key speaks for the origin that is its name, and for no other.
        log_keys = tuple(log.key for log in self.logs if log.key in signed and log.key.name == parsed.origin)
        if not log_keys:
            raise SignatureError(f"no log key of the policy for {parsed.origin} has signed the checkpoint")
        witnesses = tuple(
            Cosignature(witness, TimestampedSignature.parse(signed[witness.key].signature).timestamp)
            for witness in self.witnesses
            if witness.key in signed
        )
        quorum_met = self._holds({cosignature.witness.name for cosignature in witnesses})
        return PolicyResult(checkpoint=parsed, log_keys=log_keys, witnesses=witnesses, quorum_met=quorum_met)

    def check(self, checkpoint: bytes | Note) -> PolicyResult:
        """As :meth:`evaluate`, and the quorum must hold.

        Raises:
            FormatError: not a signed checkpoint.
            SignatureError: a listed key's signature is wrong, no listed log of this origin has signed, or the quorum is
                not met.
        """
        result = self.evaluate(checkpoint)
        if not result.quorum_met:
            cosigners = ", ".join(one.witness.name for one in result.witnesses) or "nobody"
            raise SignatureError(f"the quorum {self.quorum} is not met: the checkpoint is cosigned by {cosigners}")
        return result

    def _holds(self, cosigned: set[str]) -> bool:
        holding = set(cosigned)
        for group in self.groups:  # each comes after its members
            if sum(member in holding for member in group.members) >= group.threshold:
                holding.add(group.name)
        return self.quorum is None or self.quorum in holding


@dataclass(frozen=True, slots=True)
class _Reading:
    """A policy file as far as it has been read; what a line may refer to stands on an earlier one."""

    logs: list[LogKey]
    witnesses: list[Witness]
    groups: list[Group]
    quorums: list[str]

    def read(self, fields: list[str]) -> None:
        match fields:
            case ["log", vkey, *url] if len(url) <= 1:
                self.logs.append(LogKey(VerifierKey.parse(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self.witnesses.append(Witness(name, VerifierKey.parse(vkey), *url))
            case ["group", name, rule, *members] if members:
                check_defined(members, self._defined())
                self.groups.append(Group(name, _threshold(rule, len(members)), tuple(members)))
            case ["quorum", name]:
                check_defined([name], {NOBODY, *self._defined()})
                self.quorums.append(name)
            case _:
                raise FormatError(f"{fields[0][:40]!r} with {len(fields) - 1} fields is no line of a policy")

    def _defined(self) -> set[str]:
        return {*(witness.name for witness in self.witnesses), *(group.name for group in self.groups)}


def _threshold(rule: str, members: int) -> int:
    if rule == "all":
        return members
    return 1 if rule == "any" else parse_decimal(rule, what="threshold of the group")


def _rule(group: Group) -> str:
    return "all" if group.threshold == len(group.members) else str(group.threshold)


def _present(url: str | None) -> list[str]:
    return [] if url is None else [url]
