"""The columns of the index: the fields of a record, flat, in types that any reader of Parquet knows.

A record becomes a row in one pass over its JSON: :data:`SHAPE` tells the database what to expect where, and each
:class:`Column` where it stands in what comes out. What a record does not have is ``NULL``. Free JSON stays JSON text.
``record`` is the whole entry, byte for byte, and the only place of ``raw``, which would double the size of an index of
imported events, and of ``upstream.sha256``: a hash of each event's own cannot be compressed, neither as text nor as
bytes, and nothing is looked for by it. ``ip_key`` orders addresses, see :mod:`indelible.index.addresses`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COLUMNS", "SCHEMA", "SHAPE", "Column"]

SCHEMA: Final = 2
"""The version of everything here. A segment of another version is built again."""

_SHAPE: Final = {
    "v": "INTEGER",
    "id": "VARCHAR",
    "log": "VARCHAR",
    "principal": "VARCHAR",
    "occurred_at": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "action": "VARCHAR",
    "operation": "VARCHAR",
    "outcome": "VARCHAR",
    "actor": {
        "type": "VARCHAR",
        "id": "VARCHAR",
        "name": "VARCHAR",
        "email": "VARCHAR",
        "roles": ["VARCHAR"],
        "on_behalf_of": {"type": "VARCHAR", "id": "VARCHAR", "name": "VARCHAR"},
        "session_id": "VARCHAR",
        "auth_method": "VARCHAR",
        "attributes": "JSON",
    },
    "targets": [{"type": "VARCHAR", "id": "VARCHAR", "name": "VARCHAR", "href": "VARCHAR", "attributes": "JSON"}],
    "tenant": "VARCHAR",
    "context": {
        "ip": "VARCHAR",
        "user_agent": "VARCHAR",
        "location": "VARCHAR",
        "service": "VARCHAR",
        "service_version": "VARCHAR",
        "environment": "VARCHAR",
        "request_id": "VARCHAR",
        "trace_id": "VARCHAR",
        "span_id": "VARCHAR",
        "http": {"method": "VARCHAR", "path": "VARCHAR", "status": "INTEGER"},
    },
    "changes": [{"path": "VARCHAR", "old": "JSON", "new": "JSON", "redacted": "BOOLEAN"}],
    "reason": "VARCHAR",
    "message": "VARCHAR",
    "severity": "VARCHAR",
    "tags": ["VARCHAR"],
    "metadata": "JSON",
    "attachments": [{"name": "VARCHAR", "media_type": "VARCHAR", "size": "BIGINT", "sha256": "VARCHAR"}],
    "producer": {"id": "VARCHAR", "seq": "BIGINT", "prev": "VARCHAR"},
    "upstream": {"format": "VARCHAR", "id": "VARCHAR", "size": "BIGINT"},
}

SHAPE: Final = json.dumps(_SHAPE)
"""What a record looks like, in the notation of DuckDB's ``from_json``."""

_FLATTENED: Final = ("actor", "context", "producer", "upstream")
"""Objects whose members are columns of their own: ``actor_id``."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, and the SQL that makes it.

    Attributes:
        name: Its name.
        source: What takes it from ``fields``, the record in its shape; or from the others, when it is derived.
        derived: Whether rows in memory go without it: making it would slow down taking them in.
    """

    name: str
    source: str
    derived: bool = False


# Beside the structures: lists of texts are what the database can search by their bloom filters.
_TARGETS: Final = tuple(
    Column(f"target_{member}s", f"list_transform(targets, lambda target: target.{member})", derived=True)
    for member in ("type", "id")
)
_IP_KEY: Final = Column("ip_key", "ip_key(context_ip)", derived=True)


def _columns() -> Iterator[Column]:
    for name, shape in _SHAPE.items():
        if name in _FLATTENED and isinstance(shape, dict):
            yield from (Column(f"{name}_{member}", f"fields.{name}.{member}") for member in shape)
        else:
            yield Column(name, f"fields.{name}")
        if name == "targets":
            yield from _TARGETS
    yield _IP_KEY


COLUMNS: Final = tuple(_columns())
"""The columns that come out of a record, in the order in which segments hold them."""
