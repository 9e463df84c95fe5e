"""Who stands in a C2SP tlog-policy: logs, witnesses, groups of witnesses; and the rules that they keep together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indelible.errors import FormatError
from indelible.formats.policy_lines import check_field
from indelible.formats.vkey import SignatureType, VerifierKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

__all__ = ["NOBODY", "Group", "LogKey", "Witness", "check_defined", "check_members"]

NOBODY: Final = "none"
"""The reserved name of the quorum that demands no cosignature."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A log that is believed: its key, whose name is the log's origin, and where it is, if that is said."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A cosigner that may count towards the quorum. ``name`` has a meaning within the policy only."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Holds when ``threshold`` of its members, witnesses or groups, hold; in ``[1, len(members)]``."""

    name: str
    threshold: int
    members: tuple[str, ...]


def check_members(logs: Sequence[LogKey], witnesses: Sequence[Witness], groups: Sequence[Group]) -> set[str]:
    """Hold logs, witnesses and groups against the rules of tlog-policy. The names that are defined.

    Raises:
        FormatError: a key stands twice among the logs or among the witnesses; a name is used twice, or is ``none``; a
            member is not defined before its group, or is a member twice; a threshold is out of its range; a witness's
            key is no cosigner's.
    """
    _check_keys("log", [log.key for log in logs])
    _check_keys("witness", [witness.key for witness in witnesses])
    for url in (*(log.url for log in logs), *(witness.url for witness in witnesses)):
        if url is not None:
            check_field(url)
    defined: set[str] = set()
    for witness in witnesses:
        if witness.key.kind is SignatureType.ED25519:
            raise FormatError(f"the key of witness {witness.name} signs notes (type 0x01), but does not cosign")
        _define(witness.name, defined)
    members: set[str] = set()
    for group in groups:
        _check_group(group, defined, members)
        _define(group.name, defined)
    return defined


def check_defined(names: Iterable[str], defined: Collection[str]) -> None:
    """Refuse names that are used before they are defined.

    Raises:
        FormatError: one of ``names`` is not in ``defined``.
    """
    for name in names:
        if name not in defined:
            raise FormatError(f"{name} is not the name of an earlier witness or group")


def _check_keys(role: str, keys: Iterable[VerifierKey]) -> None:
    seen: set[bytes] = set()
    for key in keys:
        if key.public_key in seen:  # duplicates whatever their names and types, says the specification
            raise FormatError(f"the {role} key {key.name} is listed twice")
        seen.add(key.public_key)


def _define(name: str, defined: set[str]) -> None:
    check_field(name)
    if name == NOBODY or name in defined:
        raise FormatError(f"the name {name} is reserved or used twice")
    defined.add(name)


def _check_group(group: Group, defined: set[str], members: set[str]) -> None:
    if not 1 <= group.threshold <= len(group.members):
        raise FormatError(f"group {group.name} of {len(group.members)} cannot demand {group.threshold}")
    check_defined(group.members, defined)
    for member in group.members:
        if member in members:
            raise FormatError(f"{member} is listed as a member twice")
        members.add(member)
