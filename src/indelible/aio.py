"""The same as ``indelible``, with ``await``.

::

    async with indelible.aio.open("./audit", create=True) as log:
        receipt = await log.record("invoice.approve", actor="user:ada")
"""

from __future__ import annotations

from indelible.client.connect import connect_async as connect
from indelible.embedded.api import open_async as open  # noqa: A004 - the name that INTERFACES gives it
from indelible.sdk.aio import AsyncAuditLog, AsyncReceipt
from indelible.sdk.feed import AsyncFlow, AsyncResults

__all__ = ["AsyncAuditLog", "AsyncFlow", "AsyncReceipt", "AsyncResults", "connect", "open"]
