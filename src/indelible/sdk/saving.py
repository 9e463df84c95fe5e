"""Where an export goes: a file that is there when it is whole, or a stream that somebody else has opened."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

__all__ = ["saving"]


@contextmanager
def saving(to: str | PathLike[str] | BinaryIO) -> Iterator[BinaryIO]:
    """A file to write into. A path gets its new content, durably, when the block ends, and keeps its old one otherwise.

    A link is followed. What is no file, such as a pipe or a device, is written to as it is, and stays what it is.

    Raises:
        OSError: it cannot be written there.
    """
    if not isinstance(to, str | os.PathLike):
        yield to
        return
    path = Path(to)
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    path = path.resolve()
    if not path.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent))
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
