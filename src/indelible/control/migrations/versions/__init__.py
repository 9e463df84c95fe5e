"""The changes of schema, oldest first by their ``down_revision``."""
