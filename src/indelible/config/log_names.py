"""What a log may be called in its directory and in a server's addresses."""

from __future__ import annotations

import re

from indelible.errors import UsageError

__all__ = ["check_log_name"]

_LOG_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SYSTEM_LOG_NAME = re.compile(r"_[a-z0-9][a-z0-9._-]{0,61}")


def check_log_name(name: str, *, system: bool = False) -> None:
    """Check a log's name: 1 to 63 of ``a-z 0-9 . _ -``, beginning with a letter or digit.

    Names that begin with ``_`` are the system's; they are allowed only when ``system`` is true.

    Raises:
        UsageError: the name is not allowed; says what is.
    """
    if _LOG_NAME.fullmatch(name) or (system and _SYSTEM_LOG_NAME.fullmatch(name)):
        return
    if name.startswith("_"):
        raise UsageError(f"log names that begin with an underscore are the system's: {name!r}")
    raise UsageError(f"{name!r} cannot name a log: use 1 to 63 of a-z 0-9 . _ -, beginning with a letter or digit")
