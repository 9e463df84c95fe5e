"""What a command with ``--saved NAME`` is asked."""

from __future__ import annotations

import time
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
    _check(query)
    parts = [f"({part})" if part and query else part for part in (saved["query"], query)]
    return " ".join(part for part in parts if part), log or saved["log"]


def _check(query: str) -> None:
    """What is wrong with what is added is said of it alone, with its own columns."""
    try:
        from indelible.query.parser import parse_query  # noqa: PLC0415 - a bare installation has no grammar
    except ModuleNotFoundError:
        return  # the server says it
    if query:
        parse_query(query, now_us=time.time_ns() // 1_000)
