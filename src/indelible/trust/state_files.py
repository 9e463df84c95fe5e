"""Small files of a user's own: replaced whole, or not at all.

A reader sees the old bytes or the new ones, never a mixture, also after a crash; writers take turns. Folders are made
with mode 0700 and files with 0600: what a user has verified is nobody else's business.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from indelible.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["exclusive", "read_bounded", "replace_file"]


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold ``folder`` (made if need be) for one writer; another one waits."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # closing lets go of the lock


def read_bounded(path: Path, limit: int) -> bytes | None:
    """The bytes of a file, or ``None`` when there is none.

    Raises:
        Damaged: it has more than ``limit`` bytes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    if len(data) > limit:
        raise Damaged("too large for what it is", path=path, remedy="remove it if you know why it is there")
    return data


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file (its folder is made if need be); durable, with its name, when this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
