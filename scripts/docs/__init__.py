"""The generated pages of ``docs/``: ``python -m scripts.docs`` writes them, ``--check`` only says which are stale."""
