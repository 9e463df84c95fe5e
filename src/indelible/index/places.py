"""Where the fields of the query language stand in the index: the only names that queries bring into SQL.

A field of text, a number or a time is a column. Those of tags and targets are lists of texts. Paths
into ``context`` end at columns too, since a record has nothing else there; those into ``metadata`` and the actor's
attributes lead on into JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indelible.index.columns import COLUMNS

if TYPE_CHECKING:
    from indelible.query.ast import Field

__all__ = ["CONTEXT_NUMBERS", "JSON_COLUMNS", "LIST_FIELDS", "SCALAR_FIELDS", "context_expression"]

SCALAR_FIELDS: Final = {
    "id": "id",
    "index": "index",
    "action": "action",
    "operation": "operation",
    "outcome": "outcome",
    "actor.type": "actor_type",
    "actor.name": "actor_name",
    "tenant": "tenant",
    "ip": "context_ip",
    "service": "context_service",
    "request": "context_request_id",
    "trace": "context_trace_id",
    "severity": "severity",
    "principal": "principal",
    "producer": "producer_id",
    "format": "upstream_format",
    "occurred": "occurred_at",
    "received": "received_at",
}
"""Fields with one value or none, and their columns."""

LIST_FIELDS: Final = {"tag": "tags", "target.type": "target_types"}
"""Fields with any number of values, and the columns that hold lists of them."""

JSON_COLUMNS: Final = {"metadata": "metadata", "actor.attributes": "actor_attributes"}
"""Roots of paths into free JSON, and the columns that hold it."""

_CONTEXT: Final[dict[tuple[str, ...], str]] = {
    **{
        (column.name.removeprefix("context_"),): column.name for column in COLUMNS if column.name.startswith("context_")
    },
    **{("http", member): f"context_http.{member}" for member in ("method", "path", "status")},
}
CONTEXT_NUMBERS: Final = frozenset({"context_http.status"})
"""What in ``context`` is a number; the rest are texts, but for ``http``, which is neither."""


def context_expression(field: Field) -> str | None:
    """The column, or the member of one, at the end of a path into ``context``; ``None`` where no record has any."""
    return _CONTEXT.get(field.path)
