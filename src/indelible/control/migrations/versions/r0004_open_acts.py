"""Administrative acts that are under way, so that their outcome is recorded whatever happens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "open_acts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("outcome_id", sa.String(36), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_open_acts"),
    )
