"""Who acts on a data directory when no server says who it is."""

from __future__ import annotations

import getpass

__all__ = ["local_principal"]


def local_principal() -> str:
    """The login name, as far as the system knows it: ``local:ada``."""
    try:
        return f"local:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        return "local:unknown"
