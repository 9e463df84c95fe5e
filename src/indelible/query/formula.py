"""Building formulas that keep the rules of the tree: no ``And`` in an ``And``, no ``Not`` of a ``Not``, none of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.query.ast import And, Everything, Not, Or

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indelible.query.ast import Query

__all__ = ["all_of", "any_of", "both", "negation"]


def all_of(parts: Iterable[Query]) -> Query:
    """What matches every part; everything when there are none."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    return And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else Everything()


def any_of(parts: Iterable[Query]) -> Query:
    """What matches at least one part; nothing when there are none."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
    return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else Not(Everything())


def negation(part: Query) -> Query:
    """What does not match the part."""
    return part.part if isinstance(part, Not) else Not(part)


def both(first: Query, second: Query) -> Query:
    """What matches both: a question, and a grant or a time that bounds it. Everything bounds nothing and drops out."""
    return all_of(part for part in (first, second) if not isinstance(part, Everything))
