"""What a command with ``--saved NAME`` is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indelible.cli.target import Target

__all__ = ["with_saved"]


def with_saved(target: Target, name: str | None, query: str, log: str | None) -> tuple[str, str]:
    """The query and the log that a command is about: those of a saved search, if one is named, and what is added."""
    if name is None:
        return query, log or "main"
    with target.administration() as admin:
        saved = admin.search(name)
    parts = [f"({part})" if part and query else part for part in (saved["query"], query)]
    return " ".join(part for part in parts if part), log or saved["log"]
