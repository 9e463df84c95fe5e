"""The command line: one file a command, ``serve`` the composition root."""

from __future__ import annotations

from indelible.cli.app import main

__all__ = ["main"]
