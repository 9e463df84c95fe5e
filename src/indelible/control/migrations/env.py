"""Alembic's entry point: run the migrations on the connection that was handed in, inside its transaction."""

from __future__ import annotations

from alembic import context

from indelible.control.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # SQLite and PostgreSQL both roll back DDL: a migration is done or it is not
)
context.run_migrations()
