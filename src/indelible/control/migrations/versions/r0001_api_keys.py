"""Principals, their API keys, and the roles that they are granted on logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first three tables."""
    op.create_table(
        "principals",
        sa.Column("id", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_principals"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("principal_id", sa.String(256), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27)),
        sa.Column("revoked_at", sa.String(27)),
        sa.Column("revoked_by", sa.String(256)),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_api_keys_principal_id"),
        sa.CheckConstraint("length(secret_sha256) = 32", name="ck_api_keys_secret_sha256"),
    )
    op.create_index("ix_api_keys_principal_id", "api_keys", ["principal_id"])
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("principal_id", sa.String(256), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("log", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_grants_principal_id"),
        sa.UniqueConstraint("principal_id", "role", "log", name="uq_grants_principal_id_role_log"),
        sa.CheckConstraint("role IN ('writer', 'reader', 'auditor', 'admin')", name="ck_grants_role"),
    )
