"""The query language, where it is installed: a bare installation has no grammar, and says what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indelible.errors import QueryError, UsageError
from indelible.query.ast import Everything, Match
from indelible.query.fields import FIELDS, JSON_ROOTS
from indelible.query.values import did_you_mean

if TYPE_CHECKING:
    from indelible.query.ast import Field, Query

__all__ = ["parsed", "searchable_field"]


def parsed(text: str, now_us: int) -> Query:
    """The tree of a query; relative times are seen from ``now_us``, in microseconds since 1970.

    Raises:
        QueryError: it cannot be read.
        UsageError: this installation has no query language.
    """
    if not text.strip():
        return Everything()
    try:
        from indelible.query.parser import parse_query  # noqa: PLC0415 - a bare installation has no grammar
    except ModuleNotFoundError as error:
        detail = "this is the bare install, without the query language: pip install 'indelible[server]'"
        raise UsageError(detail) from error
    return parse_query(text, now_us=now_us)


def searchable_field(name: str) -> Field:
    """The field that goes by a name, written as in a query: ``actor``, ``metadata."odd.name"``.

    Raises:
        UsageError: there is none, or it is no single field; or this installation has no query language.
    """
    try:
        match = parsed(f"{name}:*", 0)
    except QueryError as error:
        known = did_you_mean(name, [*FIELDS, *JSON_ROOTS])
        detail = error.detail if name in JSON_ROOTS else f"{name!r} is not the name of a field{known}"
        raise UsageError(detail) from error
    if not isinstance(match, Match) or name.endswith(":"):
        raise UsageError(f"{name!r} is not the name of a field")
    return match.field
