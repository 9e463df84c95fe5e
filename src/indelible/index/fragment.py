"""Pieces of SQL with the values of their parameters, in the order in which their question marks stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FALSE", "TRUE", "Fragment", "conjunction", "disjunction"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A condition, or another expression. ``sql`` can stand anywhere: it is an atom or in brackets."""

    sql: str
    values: tuple[Any, ...] = ()


TRUE = Fragment("TRUE")
FALSE = Fragment("FALSE")


def conjunction(parts: Sequence[Fragment]) -> Fragment:
    """All of them; what is certainly so, and what makes it certainly not so, is left out."""
    kept = [part for part in parts if part != TRUE]
    if FALSE in kept:
        return FALSE
    return _join(" AND ", kept) if kept else TRUE


def disjunction(parts: Sequence[Fragment]) -> Fragment:
    """At least one of them, likewise."""
    kept = [part for part in parts if part != FALSE]
    if TRUE in kept:
        return TRUE
    return _join(" OR ", kept) if kept else FALSE


def _join(word: str, parts: Sequence[Fragment]) -> Fragment:
    if len(parts) == 1:
        return parts[0]
    return Fragment(f"({word.join(part.sql for part in parts)})", tuple(v for part in parts for v in part.values))
