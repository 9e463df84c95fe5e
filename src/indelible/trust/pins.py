"""What a user remembers about logs: their keys, and the last checkpoint that was verified of each.

Implements TRUST, "Consequences for the code": keys are pinned at first use (``init`` pins at birth), and whoever
verifies remembers the checkpoint and lets no later one contradict it. This memory is what catches a whole directory put
back to an older state, or a history rewritten with the log's own key: it must therefore lie elsewhere than the log. It
lies in the user's state directory, one folder for an origin::

    <state>/pins/<sha256 of the origin, hex>/
        vkeys               the log's verifier keys, one a line
        checkpoint          the last verified checkpoint, a signed note
        evidence/<n>/       two checkpoints that contradict each other: remembered, offered, reason
    <state>/places/<sha256 of the place, hex>/
        origin              which log was found at a place, a folder's path or a URL, when it was last verified

``<state>`` is ``$INDELIBLE_STATE``, else ``$XDG_STATE_HOME/indelible``, else ``~/.local/state/indelible``.

Refuses to replace keys silently, and to move a checkpoint on without being told which one the new one was proven
consistent with: two verifiers at once must not make one forget what the other has seen.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from indelible.errors import Damaged, FormatError, RolledBack, UsageError
from indelible.formats.vkey import VerifierKey
from indelible.trust.state_files import exclusive, read_bounded, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Pin", "Pins", "state_directory"]

_MAX_VKEYS_BYTES = 262_144
_MAX_CHECKPOINT_BYTES = 1_000_000
_MAX_ORIGIN_BYTES = 1_000_000


def state_directory(environment: Mapping[str, str]) -> Path:
    """The user's state directory for Indelible, by the rules of this module's docstring."""
    if own := environment.get("INDELIBLE_STATE"):
        return Path(own)
    # XDG Base Directory Specification: a relative path in the variable is invalid, and ignored.
    if (xdg := environment.get("XDG_STATE_HOME")) and Path(xdg).is_absolute():
        return Path(xdg) / "indelible"
    return Path.home() / ".local" / "state" / "indelible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What is remembered of one log: its keys, and the last verified checkpoint, if there is one."""

    origin: str
    vkeys: tuple[str, ...]
    checkpoint: bytes | None


class Pins:
    """The memory in one state directory. Several processes may use it at once."""

    def __init__(self, state: Path) -> None:
        self.state = state

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Self:
        """The memory of the user whose ``environment`` this is."""
        return cls(state_directory(environment))

    def folder(self, origin: str) -> Path:
        """Where everything about one origin lies; it need not exist."""
        return self.state / "pins" / hashlib.sha256(origin.encode()).hexdigest()

    def find(self, origin: str) -> Pin | None:
        """What is remembered of a log, or ``None`` for a log never met.

        Raises:
            Damaged: the pinned keys cannot be read.
        """
        vkeys_file = self.folder(origin) / "vkeys"
        data = read_bounded(vkeys_file, _MAX_VKEYS_BYTES)
        if data is None:
            return None
        try:
            vkeys = tuple(_lines(data))
            for vkey in vkeys:
                VerifierKey.parse(vkey)
        except (FormatError, UnicodeDecodeError) as error:
            raise Damaged(
                f"not a list of verifier keys ({error})",
                path=vkeys_file,
                remedy="get the log's keys from someone you trust and pin them again",
            ) from error
        return Pin(origin=origin, vkeys=vkeys, checkpoint=self.recall(origin))

    def pin(self, origin: str, vkeys: Sequence[str], *, replace: bool = False) -> Pin:
        """Remember a log's keys. Whoever calls this says so aloud, unless the keys were made just now.

        Raises:
            UsageError: other keys are pinned already, and ``replace`` is false.
            FormatError: not verifier keys.
        """
        for vkey in vkeys:
            VerifierKey.parse(vkey)
        if not vkeys:
            raise UsageError(f"there is no key to pin for {origin}")
        with exclusive(self.folder(origin)):
            pinned = self.find(origin)
            if pinned is not None and not replace and set(pinned.vkeys) != set(vkeys):
                raise UsageError(f"other keys are pinned for {origin}; look into why before you replace them")
            replace_file(self.folder(origin) / "vkeys", "".join(f"{vkey}\n" for vkey in vkeys).encode())
        return Pin(origin=origin, vkeys=tuple(vkeys), checkpoint=self.recall(origin))

    def recall(self, origin: str) -> bytes | None:
        """The last verified checkpoint of a log, a signed note, or ``None``."""
        return read_bounded(self.folder(origin) / "checkpoint", _MAX_CHECKPOINT_BYTES)

    def remember(self, origin: str, checkpoint: bytes, *, after: bytes | None) -> None:
        """Remember a verified checkpoint, which has been proven consistent with ``after``, the one recalled before.

        Raises:
            RolledBack: another one is remembered by now; prove consistency with that, then try again.
        """
        with exclusive(self.folder(origin)):
            if self.recall(origin) != after:
                raise RolledBack(f"another verifier has moved on in {origin} meanwhile; verify again")
            replace_file(self.folder(origin) / "checkpoint", checkpoint)

    def origin_at(self, place: str) -> str | None:
        """Which log was found at a place (a folder's absolute path, a URL) when it was last verified; or ``None``."""
        data = read_bounded(self._place(place) / "origin", _MAX_ORIGIN_BYTES)
        return None if data is None else data.decode(errors="replace").removesuffix("\n")

    def remember_place(self, place: str, origin: str) -> None:
        """Remember which log is at a place."""
        if self.origin_at(place) != origin:
            replace_file(self._place(place) / "origin", f"{origin}\n".encode())

    def _place(self, place: str) -> Path:
        return self.state / "places" / hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()

    def keep_evidence(self, origin: str, *, remembered: bytes, offered: bytes, reason: str) -> Path:
        """Keep two checkpoints that contradict each other, for good, unless they are kept already; says where."""
        with exclusive(self.folder(origin)):
            for number in itertools.count(1):
                folder = self.folder(origin) / "evidence" / f"{number:04d}"
                kept = [read_bounded(folder / name, _MAX_CHECKPOINT_BYTES) for name in ("remembered", "offered")]
                if kept == [remembered, offered]:
                    return folder
                if kept == [None, None]:
                    break
            replace_file(folder / "remembered", remembered)
            replace_file(folder / "offered", offered)
            replace_file(folder / "reason", f"{reason}\n".encode())
        return folder


def _lines(data: bytes) -> list[str]:
    text = data.decode()
    if not text.endswith("\n"):
        raise FormatError("the last line is cut off")
    return text[:-1].split("\n")
