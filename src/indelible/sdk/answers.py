"""What a log answers, the same for a directory and for a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from indelible.errors import IntegrityError

__all__ = ["Entry", "LogDescription", "Proof", "Recorded", "SignedCheckpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where one event is in the log.

    Attributes:
        id: The event's id, a UUIDv7.
        index: Its position in the log, from 0.
        leaf_hash: The RFC 6962 leaf hash of its entry, in lower-case hex.
        duplicate: Whether the same event had been recorded before; ``index`` is then its first one.
    """

    id: str
    index: int
    leaf_hash: str
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the log.

    Attributes:
        index: Its position in the log, from 0.
        entry: Its bytes, the RFC 8785 form of the record: what the tree commits to.
        leaf_hash: Their RFC 6962 leaf hash, in lower-case hex.
        published: Whether a signed checkpoint covers it.
        damage: That what is stored is no record any more, and what to do, where somebody has altered it; ``entry`` and
            ``leaf_hash`` are then what is left, if that is known. Only searches and tails give such an entry, so as to
            go on past it. ``None`` does not say that it is what was recorded: a proof does.
    """

    index: int
    entry: bytes
    leaf_hash: str
    published: bool
    damage: str | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The record, as a fresh dictionary.

        Raises:
            IntegrityError: what is stored is no record any more.
        """
        if self.damage is not None:
            raise IntegrityError(self.damage)
        return msgspec.json.decode(self.entry, type=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDescription:
    """What a log says about itself. Its keys are shown, never trusted.

    Attributes:
        origin: The log's origin.
        vkeys: Its public keys, as C2SP verifier keys.
        size: How many entries its published checkpoint covers.
        journaled: How many are durable, those beyond the checkpoint included.
    """

    origin: str
    vkeys: tuple[str, ...]
    size: int
    journaled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That an entry is in the log: everything that a verifier needs beside the log's public keys.

    Attributes:
        index: The entry's position in the log.
        entry: Its bytes.
        tlog_proof: The inclusion proof and signed checkpoint, as a ``c2sp.org/tlog-proof@v1`` text.
    """

    index: int
    entry: bytes
    tlog_proof: bytes

    @property
    def record(self) -> dict[str, Any]:
        """The record, as a fresh dictionary."""
        return msgspec.json.decode(self.entry, type=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """The log's latest signed checkpoint. Its signatures are checked by ``verify``, not by reading it.

    Attributes:
        origin: The log's origin.
        size: How many entries it covers.
        root: The root of their tree, in lower-case hex.
        note: The signed note, as published.
    """

    origin: str
    size: int
    root: str
    note: bytes = field(repr=False)
