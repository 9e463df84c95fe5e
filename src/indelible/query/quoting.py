r"""Quotes: how a query writes what would otherwise be syntax, and reads it.

Within quotes stands anything; ``\"`` is a quote and ``\\`` a backslash, and there are no other escapes. Whatever is
surely no syntax stands bare; what this module quotes needlessly means the same.
"""

from __future__ import annotations

import re

from indelible.errors import QueryError

__all__ = ["print_member", "print_text", "print_value", "split_path", "unquoted"]

_BARE_WORD = re.compile(r"(?!(?:and|or|not)\Z)[\w@/#$%&+=~][\w@/#$%&+=~.,;!?'-]*", re.IGNORECASE)
_BARE_VALUE = re.compile(r"(?:[\w@/#$%&+=~,;!?':-]|\.(?!\.))+")
_BARE_MEMBER = re.compile(r"[\w@/#$%&+=~-]+")

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = re.compile(r'["\\]')


def print_text(text: str) -> str:
    """Free text, as a query has to write it."""
    return text if _BARE_WORD.fullmatch(text) else _quoted(text)


def print_value(text: str) -> str:
    """The value of a field, as a query has to write it to mean exactly that."""
    return text if _BARE_VALUE.fullmatch(text) else _quoted(text)


def print_member(name: str) -> str:
    """The name of a member, as a path in a query has to write it."""
    return name if _BARE_MEMBER.fullmatch(name) else _quoted(name)


def split_path(path: str, column: int) -> list[str]:
    """The parts of a path: ``metadata."odd.key"`` has two. ``column`` is where it stands in the query, from 1.

    Raises:
        QueryError: as :func:`unquoted`.
    """
    return [
        unquoted(part[0], column + part.start()) if part[0].startswith('"') else part[0]
        for part in _PART.finditer(path)
    ]


def unquoted(text: str, column: int) -> str:
    r"""What stands between the quotes of ``text``, which stands at ``column`` of the query, counted from 1.

    Raises:
        QueryError: a backslash stands before something other than ``"`` or ``\``.
    """
    for escape in _ESCAPE.finditer(text):
        if escape[1] not in '"\\':
            raise QueryError(
                'in quotes a backslash stands only before " or another one; write \\\\ for a backslash',
                column=column + escape.start(),
            )
    return _ESCAPE.sub(r"\1", text[1:-1])


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\g<0>", text) + '"'
