"""Answers that are sent piece by piece: live tails and exports.

The pieces come from an asynchronous iterator, one at a time, so that memory stays flat however long the answer is. A
client that does not take a piece for ``stall`` seconds is shed: it holds a place that others could have. What goes
wrong before the first piece is answered as everywhere else. Afterwards it can only end the answer, without its proper
end: HTTP then shows it to be cut short.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import structlog

from indelible.errors import IndelibleError
from indelible.server.answer import send_answer
from indelible.server.failures import failure_answer
from indelible.server.searching import until_gone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from indelible.server.asgi import Receive, Scope, Send

__all__ = ["Outpouring"]

_log = structlog.get_logger("indelible.server")


class Outpouring:
    """An ASGI application that sends one such answer."""

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], *, media_type: str, stall: float, headers: Mapping[str, str]
    ) -> None:
        """``pieces`` are sent as they come; ``stall`` bounds how long the client may take for one, in seconds."""
        self._pieces = pieces
        self._stall = stall
        self._begun = False
        self._headers = [
            (b"content-type", media_type.encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the pieces end, the client leaves or stalls, or something fails."""
        gone = asyncio.ensure_future(until_gone(receive))
        pouring = asyncio.ensure_future(self._pour(send))
        try:
            await asyncio.wait({gone, pouring}, return_when=asyncio.FIRST_COMPLETED)
            if not pouring.done():
                pouring.cancel()
            with suppress(asyncio.CancelledError):
                await pouring
        except TimeoutError:
            _log.info("client_shed", request_id=scope["indelible.request_id"].decode(), stalled_seconds=self._stall)
        except (IndelibleError, OSError) as error:
            request_id: bytes = scope["indelible.request_id"]
            if self._begun:
                _log.warning("answer_cut_short", request_id=request_id.decode(), error=type(error).__name__)
            else:
                await send_answer(failure_answer(error, scope, request_id), request_id, send)
        finally:
            gone.cancel()
            pouring.cancel()

    async def _pour(self, send: Send) -> None:
        async with aclosing(self._pieces) as pieces:
            first = await anext(pieces, b"")
            self._begun = True
            async with asyncio.timeout(self._stall):
                await send({"type": "http.response.start", "status": 200, "headers": self._headers})
                await send({"type": "http.response.body", "body": first, "more_body": True})
            async for piece in pieces:
                async with asyncio.timeout(self._stall):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            async with asyncio.timeout(self._stall):
                await send({"type": "http.response.body", "body": b""})
