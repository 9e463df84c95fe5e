"""Control data: who may do what. Never an event, and never evidence of one.

One schema (:mod:`~indelible.control.schema`), its migrations, and a store that holds the one connection to it.
"""

from __future__ import annotations

from indelible.control.api_keys import ApiKeyRecord
from indelible.control.grants import GrantRecord
from indelible.control.store import ControlStore

__all__ = ["ApiKeyRecord", "ControlStore", "GrantRecord"]
