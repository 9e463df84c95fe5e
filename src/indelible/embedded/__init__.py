"""The whole log in process: a data directory, and the object that ``indelible.open`` gives."""

from __future__ import annotations

from indelible.embedded.api import open, open_async  # noqa: A004 - the name that INTERFACES gives it
from indelible.embedded.data_directory import DataDirectory

__all__ = ["DataDirectory", "open", "open_async"]
