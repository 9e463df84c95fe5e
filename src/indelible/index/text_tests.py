"""Tests of one text in SQL: equality, and patterns with holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import UsageError
from indelible.index.fragment import Fragment
from indelible.query.ast import Pattern, Value

if TYPE_CHECKING:
    from indelible.query.ast import Test

__all__ = ["like", "text_condition"]

_SPECIAL = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def text_condition(expression: str, test: Test) -> Fragment:
    """The condition that the text ``expression`` passes a test.

    Raises:
        UsageError: texts take no such test; the parser lets none through.
    """
    match test:
        case Value():
            return Fragment(f"({expression} = ?)", (str(test.value),))
        case Pattern():
            return like(expression, test)
        case _:
            raise UsageError("a text is compared with texts and patterns only")


def like(expression: str, pattern: Pattern) -> Fragment:
    """The condition that the text ``expression`` has the form of a pattern."""
    match pattern.parts:
        case (prefix, ""):
            return Fragment(f"starts_with({expression}, ?)", (prefix,))
        case ("", suffix):
            return Fragment(f"suffix({expression}, ?)", (suffix,))
        case ("", inner, ""):
            return Fragment(f"contains({expression}, ?)", (inner,))
        case parts:
            return Fragment(f"({expression} LIKE ? ESCAPE '\\')", ("%".join(p.translate(_SPECIAL) for p in parts),))
