"""How a command learns that it shall stop."""

from __future__ import annotations

__all__ = ["Interrupted"]


class Interrupted(BaseException):
    """Somebody asked the command to stop. Not an ``Exception``: only ``finally`` and who knows it by name see it."""
