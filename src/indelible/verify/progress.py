"""How far an interrupted verification has come, so that the next one can go on.

What resuming trusts: that the files of the part already verified have not been touched since. A verification that must
not trust this starts anew, which is what happens unless the caller asks for going on. What it does not trust: the file
itself. It is bound to the log's origin; what it says about the tree's beginning is compared with the
tree as it is now (so it also serves when the log has grown meanwhile); and it is authenticated with a key that lies in
the same folder with mode 0600. Whoever can read that key can forge it, and could as well change what the user pins.

Only a verification that has found nothing wrong so far leaves progress behind, and a complete one removes it.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from indelible.verify.continuity import SequenceState  # noqa: TC001 - msgspec reads it at run time
from indelible.verify.id_ledger import IdLedger

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Progress", "ProgressFolder"]

_MAX_BYTES = 64 * 2**20
_KEY_BYTES = 32


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was verified: the full bundles ``[0, bundles)`` of the log ``origin``.

    ``frontier`` holds the complete subtrees over their roots, largest first, in hex; the rest is what the checks that
    look across the log need to go on.
    """

    v: int = 1
    origin: str
    bundles: int
    frontier: list[str]
    last_received_at: str
    signed: int
    records: int
    sequences: dict[str, SequenceState]


@dataclass(frozen=True, slots=True)
class ProgressFolder:
    """A folder of the user's own in which the progress of one log's verification is kept."""

    folder: Path

    def open_ledger(self) -> IdLedger:
        """The ids read so far."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return IdLedger(self.folder / "ids")

    def load(self, origin: str) -> Progress | None:
        """The progress of an earlier run; ``None`` when there is none, or none that this key vouches for."""
        try:
            with (self.folder / "progress").open("rb") as file:
                data = file.read(_MAX_BYTES)
        except FileNotFoundError:
            return None
        mac, _, body = data.partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        try:
            progress = msgspec.json.decode(body, type=Progress)
        except msgspec.MsgspecError:
            return None
        return progress if progress.origin == origin and progress.v == 1 else None

    def save(self, progress: Progress) -> None:
        """Replace the progress. Losing it costs time and nothing else, so nothing is synced."""
        body = msgspec.json.encode(progress)
        temporary = self.folder / "progress.new"
        temporary.write_bytes(self._mac(body) + b"\n" + body)
        temporary.replace(self.folder / "progress")

    def clear(self) -> None:
        """Forget all progress: the verification is complete, or must start anew."""
        for name in ("progress", "progress.new", "ids"):
            (self.folder / name).unlink(missing_ok=True)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key(), body, "sha256").hex().encode()

    def _key(self) -> bytes:
        path = self.folder / "key"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            key = path.read_bytes()
            if len(key) == _KEY_BYTES and not path.stat().st_mode & 0o077:
                return key
            path.unlink()  # cut short, or not private: nothing that it vouches for is believed
            return self._key()
        with os.fdopen(descriptor, "wb") as file:
            file.write(key := secrets.token_bytes(_KEY_BYTES))
        return key
