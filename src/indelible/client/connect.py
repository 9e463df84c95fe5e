"""Connecting to a log on a server: plans, joined with the transport that carries them out."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from indelible.client.exchange import check_url
from indelible.client.fetch import HttpFetcher
from indelible.client.plans import ClientPlans
from indelible.client.transport import AsyncTransport, SyncTransport
from indelible.config import check_log_name
from indelible.sdk.aio import AsyncAuditLog, Opening
from indelible.sdk.audit_log import AuditLog
from indelible.sdk.plan import drive, drive_async
from indelible.trust.pins import Pins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indelible.sdk.plan import Plan

__all__ = ["connect", "connect_async"]


def connect(
    url: str,
    *,
    api_key: str | None = None,
    log: str = "main",
    patience: float = 30.0,
    environment: Mapping[str, str] = os.environ,
) -> AuditLog:
    """A log on a server. Nothing is sent before the first call.

    Args:
        url: The server's address, such as ``https://audit.example.com``.
        api_key: ``idl_…``; keep it in the environment or a secret store, not in the code.
        log: The log's name there.
        patience: Seconds for which an append is sent again after a failure that may pass.
        environment: Says where the user's state directory is.

    Raises:
        UsageError: the address, the key or the name cannot be right.
    """
    plans = _plans(url, api_key, log, patience, environment)
    transport = SyncTransport(url, api_key=api_key)

    def close() -> None:
        transport.close()
        plans.fetcher.close()

    return AuditLog(plans, partial(drive, perform=transport), close)


def connect_async(
    url: str,
    *,
    api_key: str | None = None,
    log: str = "main",
    patience: float = 30.0,
    environment: Mapping[str, str] = os.environ,
) -> Opening:
    """As :func:`connect`, for use with ``await``."""
    plans = _plans(url, api_key, log, patience, environment)

    async def begin() -> AsyncAuditLog:
        transport = AsyncTransport(url, api_key=api_key)

        async def run(plan: Plan[Any]) -> object:
            return await drive_async(plan, transport)

        async def close() -> None:
            await transport.close()
            await asyncio.to_thread(plans.fetcher.close)

        return AsyncAuditLog(plans, run, close)

    return Opening(begin)


def _plans(url: str, api_key: str | None, log: str, patience: float, environment: Mapping[str, str]) -> ClientPlans:
    check_log_name(log, system=True)
    fetcher = HttpFetcher(f"{check_url(url)}/logs/{log}", api_key=api_key)
    return ClientPlans(name=log, patience=patience, pins=Pins.load(environment), fetcher=fetcher)
