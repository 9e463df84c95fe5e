"""Grants that a query restricts; an empty one restricts nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROLES = "role IN ('writer', 'reader', 'auditor', 'admin')"


def upgrade() -> None:
    """Add the column, and count it among what makes two grants the same."""
    # SQLite makes the table anew for this, and does not tell what checks it had.
    checked = (sa.CheckConstraint(_ROLES, name="ck_grants_role"),)
    with op.batch_alter_table("grants", table_args=checked) as grants:
        grants.add_column(sa.Column("query", sa.String(4096), nullable=False, server_default=""))
        grants.drop_constraint("uq_grants_principal_id_role_log", type_="unique")
        grants.create_unique_constraint(
            "uq_grants_principal_id_role_log_query", ["principal_id", "role", "log", "query"]
        )
