"""The tables of control data, for SQLite now and PostgreSQL later.

A principal is whoever can be granted something; an API key is one way to prove to be one. Grants hang on the
principal, not on the key, so that other proofs of identity can join without moving them. Principals and keys are never
deleted: a revoked key stays, so that the principal that an old record names can still be explained. A saved search is
nothing but a convenience, and goes when it is deleted.

Times are RFC 3339 text in UTC with six fractional digits, as in records: they sort as text and read without a tool.
The schema changes only through a migration under ``migrations/versions``; a test holds the two together.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

__all__ = ["METADATA", "api_keys", "grants", "open_acts", "principals", "searches"]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_TIME = String(27)

principals = Table(
    "principals",
    METADATA,
    Column("id", String(256), primary_key=True),  # as records name it: "api-key:<key id>", "oidc:<provider>:<subject>"
    Column("kind", String(32), nullable=False),
    Column("name", String(256), nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("created_by", String(256), nullable=False),
)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("principal_id", ForeignKey(principals.c.id), nullable=False, index=True),
    Column("secret_sha256", LargeBinary(32), nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("expires_at", _TIME),
    Column("revoked_at", _TIME),
    Column("revoked_by", String(256)),
    Column("rotated_to", String(32)),  # the key that replaces this one, for the same principal
    Column("last_used_at", _TIME),  # to within a minute, and lost for that long in a crash
    Column("requests_per_second", Integer),
    Column("events_per_second", Integer),
    CheckConstraint("length(secret_sha256) = 32", name="secret_sha256"),
)

grants = Table(
    "grants",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("principal_id", ForeignKey(principals.c.id), nullable=False),
    Column("role", String(16), nullable=False),
    Column("log", String(64), nullable=False),  # a log's name, or the beginning of names followed by a star
    Column("query", String(4096), nullable=False, server_default=""),  # what of it a reader sees; empty for all
    Column("created_at", _TIME, nullable=False),
    Column("created_by", String(256), nullable=False),
    Unique("principal_id", "role", "log", "query"),
    CheckConstraint("role IN ('writer', 'reader', 'auditor', 'admin')", name="role"),
)

searches = Table(
    "searches",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("log", String(64), nullable=False),
    Column("query", Text, nullable=False),
    Column("description", Text, nullable=False),  # empty when there is none
    Column("created_at", _TIME, nullable=False),
    Column("created_by", String(256), nullable=False),
)

open_acts = Table(
    "open_acts",
    METADATA,
    Column("id", String(36), primary_key=True),  # of the event that records the intent
    Column("outcome_id", String(36), nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("applied", Boolean, nullable=False),
)
