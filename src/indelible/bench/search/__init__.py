"""What search costs: the same questions to the index, to bare DuckDB over its files, to SQLite and to PostgreSQL."""

from __future__ import annotations

__all__: list[str] = []
