"""The SDK for a log on a server: HTTP as INTERFACES has it, sync and async, and nothing of the storage."""

from __future__ import annotations

from indelible.client.administration import Administration
from indelible.client.connect import connect, connect_async

__all__ = ["Administration", "connect", "connect_async"]
