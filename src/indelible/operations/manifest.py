"""What a backup says about itself: ``backup.json``, and a hash for every file in ``SHA256SUMS``.

A backup is a folder laid out like a data directory, with these two files more. ``sha256sum --check SHA256SUMS`` checks
it without Indelible; the logs in it verify like any others.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec

from indelible.errors import Damaged, FormatError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["MANIFEST", "SUMS", "BackedUpLog", "Manifest", "check_sums", "digest_of", "encode_sums", "files_below"]

MANIFEST = "backup.json"
SUMS = "SHA256SUMS"
FORMAT = "indelible backup v1"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_CHUNK = 1 << 20
_REMEDY = "use another backup; or restore from this one what still verifies, by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUpLog:
    """One log of a backup: ``size`` entries under a signed checkpoint, up to ``journaled`` in all."""

    log: str
    origin: str
    size: int
    root: str
    journaled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What ``backup.json`` holds.

    Attributes:
        format: Which format this is.
        made_at: When the backup was begun, RFC 3339 in UTC.
        version: Of Indelible, which made it.
        keys: Whether the logs' private keys are in it.
        logs: Its logs.
    """

    format: str = FORMAT
    made_at: str
    version: str
    keys: bool
    logs: tuple[BackedUpLog, ...]

    def encode(self) -> bytes:
        """The bytes of the file."""
        return json.dumps(asdict(self), indent=2).encode() + b"\n"

    @classmethod
    def load(cls, backup: Path) -> Manifest:
        """Read that of a backup.

        Raises:
            NotFound: the folder is no backup.
            FormatError: it is not a manifest, or of a later version.
        """
        path = backup / MANIFEST
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=cls)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"{backup} is not a finished backup: it has no {MANIFEST}") from None
        except msgspec.MsgspecError as error:
            raise FormatError(f"{path} is not the manifest of a backup: {error}") from error
        if manifest.format != FORMAT:
            raise FormatError(f"{path} is of the format {manifest.format!r}, which this version does not know")
        return manifest


def encode_sums(sums: Mapping[str, str]) -> bytes:
    """The bytes of ``SHA256SUMS``, in the form of sha256sum(1)."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()


def files_below(folder: Path) -> Iterator[str]:
    """Every file of a folder, relative, with ``/``."""
    for path in folder.rglob("*"):
        if not path.is_dir() or path.is_symlink():
            yield path.relative_to(folder).as_posix()


def check_sums(backup: Path, on_file: Callable[[], None] = lambda: None) -> dict[str, str]:
    """Check that a backup holds the files it lists, and no others, as they were; returns the list.

    Raises:
        Damaged: a file is missing, altered, or not of the backup.
    """
    listed = _read_sums(backup / SUMS)
    present = set(files_below(backup)) - {SUMS}
    if strange := sorted(present - listed.keys()):
        raise Damaged("it is not of this backup", path=backup / strange[0], remedy="move it away")
    for name, expected in listed.items():
        path = backup / name
        if path.is_symlink() or not path.is_file():
            raise Damaged("it is missing from the backup", path=path, remedy=_REMEDY)
        if digest_of(path) != expected:
            raise Damaged(f"it is not what was backed up: {SUMS} names another hash", path=path, remedy=_REMEDY)
        on_file()
    return listed


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read_sums(path: Path) -> dict[str, str]:
    listed: dict[str, str] = {}
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"it cannot be read: {error}", path=path, remedy=_REMEDY) from error
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        parts = found[2].split("/") if found else [".."]
        if found is None or ".." in parts or "" in parts:
            raise Damaged("it is not a list of hashes and files", path=path, remedy=_REMEDY)
        listed[found[2]] = found[1]
    return listed
