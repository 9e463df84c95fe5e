"""Files that only their owner may read: a log's private keys.

Implements the rule of TRUST, "Log keys 0600; refuse to start when others can read them". A key file is created once,
exclusively, in a folder of mode 0700, and is never overwritten: a lost key can be replaced by rotation, an overwritten
one cannot be had back. Refuses to read a key through a symbolic link, or one that group or others could read or write.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from indelible.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["create_private_directory", "create_private_file", "read_private_file"]

MAX_KEY_FILE_BYTES = 65_536
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create_private_directory(directory: Path) -> None:
    """Create a folder of mode 0700 with its parents, or check that an existing one is private.

    Raises:
        ConfigurationError: the folder exists, and group or others have rights in it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_directory(directory)


def create_private_file(path: Path, data: bytes) -> None:
    """Create a file of mode 0600; on stable storage, with its name, when this returns.

    Raises:
        UsageError: the file exists already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists already; keys are never overwritten") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)  # half a key must not look like a key at the next start
        raise
    _sync_directory(path.parent)


def read_private_file(path: Path) -> bytes:
    """The bytes of a private file, after checking on the open file that only its owner can reach it.

    Raises:
        ConfigurationError: it is missing, not a plain file, too large, or others than its owner can reach it.
    """
    _check_directory(path.parent)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing; restore it from a backup of the keys") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ConfigurationError(f"{path} is not a plain file")
        if status.st_mode & _OTHERS:
            raise ConfigurationError(
                f"{path} can be reached by group or others (mode {stat.S_IMODE(status.st_mode):04o}); "
                f"run: chmod 600 {path}; and think about whether the key must be replaced"
            )
        data = file.read(MAX_KEY_FILE_BYTES + 1)
    if len(data) > MAX_KEY_FILE_BYTES:
        raise ConfigurationError(f"{path} is too large to be a key")
    return data


def _check_directory(directory: Path) -> None:
    try:
        mode = directory.stat().st_mode
    except FileNotFoundError:
        raise ConfigurationError(f"{directory} is missing; restore it from a backup of the keys") from None
    if not stat.S_ISDIR(mode):
        raise ConfigurationError(f"{directory} is not a folder")
    if mode & _OTHERS:
        raise ConfigurationError(
            f"{directory} can be reached by group or others (mode {stat.S_IMODE(mode):04o}); run: chmod 700 {directory}"
        )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
