"""The file system's immutable flag (``chattr +i``), by ``FS_IOC_SETFLAGS``. Linux only.

Needs ``CAP_LINUX_IMMUTABLE`` and a file system that has the flag. See ioctl_iflags(2).
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from typing import TYPE_CHECKING

from indelible.errors import ConfigurationError
from indelible.storage.durable import OpenFile

if TYPE_CHECKING:
    from pathlib import Path

    from indelible.storage.durable import Disk
    from indelible.storage.posix.staging import Staging

__all__ = ["check_immutable", "set_immutable"]

# The numbers for 64-bit systems; the argument is an int all the same.
_FS_IOC_GETFLAGS = 0x80086601
_FS_IOC_SETFLAGS = 0x40086602
_FS_IMMUTABLE_FL = 0x10
_INT = struct.Struct("i")


def set_immutable(disk: Disk, path: Path, *, immutable: bool) -> None:
    """Set or clear the flag of a file, durably.

    Raises:
        ConfigurationError: it cannot be set here.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        (flags,) = _INT.unpack(fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, _INT.pack(0)))
        wanted = flags | _FS_IMMUTABLE_FL if immutable else flags & ~_FS_IMMUTABLE_FL
        if wanted != flags:  # the other flags are the file system's
            fcntl.ioctl(descriptor, _FS_IOC_SETFLAGS, _INT.pack(wanted))
            disk.sync(OpenFile(path, descriptor))
    except OSError as error:
        raise ConfigurationError(
            f"cannot make {path} immutable: {error.strerror}; this needs Linux, a file system that has the flag, and "
            "CAP_LINUX_IMMUTABLE. Without it, leave the option out"
        ) from error
    finally:
        os.close(descriptor)


def check_immutable(staging: Staging) -> None:
    """Try the flag on a temporary file.

    Raises:
        ConfigurationError: it cannot be set here.
    """
    if sys.platform != "linux":
        raise ConfigurationError("only Linux has the immutable flag; leave the option out")
    (path,) = staging.write([b""])
    try:
        set_immutable(staging.disk, path, immutable=True)
        set_immutable(staging.disk, path, immutable=False)
    finally:
        staging.discard([path])
