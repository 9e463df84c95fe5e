"""API keys that are rotated, limited to a rate, and show when they were last used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add four columns, empty for the keys that there are."""
    op.add_column("api_keys", sa.Column("rotated_to", sa.String(32)))
    op.add_column("api_keys", sa.Column("last_used_at", sa.String(27)))
    op.add_column("api_keys", sa.Column("requests_per_second", sa.Integer()))
    op.add_column("api_keys", sa.Column("events_per_second", sa.Integer()))
